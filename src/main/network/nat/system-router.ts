/** The real router of this machine. Loaded only when a port is to be mapped. */
import { reachOf } from '../../../shared/address-rules.ts';
import { defaultGateway } from './default-gateway.ts';
import { findRouter } from './find-router.ts';
import { type Router, RouterError } from './router.ts';
import { addressTowards, systemNetwork } from './system-network.ts';

/** Rejects with RouterError if there is no router that can help, or none is needed. */
export async function systemRouter(signal: AbortSignal): Promise<Router> {
  const gateway = await defaultGateway(signal);
  if (gateway === null)
    throw new RouterError('this machine has no router: it has no default route over IPv4');
  const localAddress = await addressTowards(gateway);
  if (reachOf(localAddress) === 'public')
    throw new RouterError('no router has to be asked: this machine has a public address of its own');
  return findRouter(systemNetwork(gateway), gateway, localAddress, signal);
}
