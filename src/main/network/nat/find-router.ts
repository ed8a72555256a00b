/** Which protocol the router speaks: PCP, else its predecessor NAT-PMP, else UPnP. */
import { withDeadline } from '../../../shared/deadline.ts';
import { NAT_FIND_UPNP_MS } from '../../../shared/limits.ts';
import { NatPmpRouter } from './nat-pmp-router.ts';
import { PcpRouter } from './pcp-router.ts';
import { type Router, RouterError, RouterSilent } from './router.ts';
import type { RouterNetwork } from './router-network.ts';
import { UpnpRouter } from './upnp-router.ts';

/** `address`: of the router. `localAddress`: ours, as the router sees it. Rejects with RouterError. */
export async function findRouter(
  network: RouterNetwork,
  address: string,
  localAddress: string,
  signal: AbortSignal,
): Promise<Router> {
  const byPort = await viaPort(network, address, signal);
  if (byPort !== null) return byPort;
  return withDeadline(
    NAT_FIND_UPNP_MS,
    signal,
    (inTime) =>
      UpnpRouter.find(network, address, localAddress, inTime).catch((error: unknown) => {
        if (!(error instanceof RouterError)) throw error;
        const what =
          error instanceof RouterSilent
            ? `the router ${address} speaks none of PCP, NAT-PMP and UPnP, or they are off`
            : `the router ${address} does not help: over UPnP, ${error.message}`;
        throw new RouterError(what, { cause: error });
      }),
    network.later,
  );
}

/** PCP and NAT-PMP have the same port. Null if neither is there. */
async function viaPort(network: RouterNetwork, address: string, signal: AbortSignal): Promise<Router | null> {
  try {
    return (
      (await PcpRouter.find(network, address, signal).catch(unlessDeaf)) ??
      (await NatPmpRouter.find(network, signal))
    );
  } catch (error) {
    if (!(error instanceof RouterError) || signal.aborted) throw error;
    return null;
  }
}

/** Some routers drop the packets of the protocol that they do not know. */
function unlessDeaf(error: unknown): null {
  if (error instanceof RouterSilent) return null;
  throw error;
}
