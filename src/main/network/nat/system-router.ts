/** The real router of this machine. Loaded only when a port is to be mapped. */
import { reachOf } from '../../../shared/address-rules.ts';
import { defaultGateway } from './default-gateway.ts';
import { findRouter } from './find-router.ts';
import { type Router, RouterNotNeeded } from './router.ts';
import { addressTowards, systemNetwork } from './system-network.ts';

/** Rejects with RouterError if no router helps, and with RouterNotNeeded if none has to. */
export async function systemRouter(signal: AbortSignal): Promise<Router> {
  const gateway = await defaultGateway(signal);
  if (gateway === null)
    throw new RouterNotNeeded('no-router', 'this machine has no router: it has no default route over IPv4');
  const localAddress = await addressTowards(gateway);
  if (reachOf(localAddress) === 'public')
    throw new RouterNotNeeded(
      'public-address',
      'no router has to be asked: this machine has a public address of its own',
    );
  return findRouter(systemNetwork(gateway), gateway, localAddress, signal);
}
