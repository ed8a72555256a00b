/** Which protocol the router speaks: PCP, else its predecessor NAT-PMP, else UPnP. */
import { withDeadline } from '../../../shared/deadline.ts';
import { NAT_FIND_UPNP_MS } from '../../../shared/limits.ts';
import { NatPmpRouter } from './nat-pmp-router.ts';
import { PcpRouter } from './pcp-router.ts';
import { type Router, RouterError, RouterRefusal, RouterSilent } from './router.ts';
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
  if (byPort !== null && !(byPort instanceof RouterRefusal)) return byPort;
  return withDeadline(
    NAT_FIND_UPNP_MS,
    signal,
    (inTime) =>
      UpnpRouter.find(network, address, localAddress, inTime).catch((error: unknown) => {
        if (!(error instanceof RouterError)) throw error;
        const why = error instanceof RouterSilent ? byPort?.message : `over UPnP, ${error.message}`;
        const what =
          why === undefined
            ? `the router ${address} speaks none of PCP, NAT-PMP and UPnP, or they are off`
            : `the router ${address} does not help: ${why}`;
        throw new RouterError(what, { cause: error });
      }),
    network.later,
  );
}

/** PCP and NAT-PMP have the same port. A refusal if the router speaks one of them, but not with us; null if neither is there. */
async function viaPort(
  network: RouterNetwork,
  address: string,
  signal: AbortSignal,
): Promise<Router | RouterRefusal | null> {
  let refusal: RouterRefusal | null = null;
  for (const find of [
    () => PcpRouter.find(network, address, signal),
    () => NatPmpRouter.find(network, signal),
  ])
    try {
      const router = await find();
      if (router !== null) return router;
    } catch (error) {
      if (!(error instanceof RouterError) || signal.aborted) throw error;
      if (error instanceof RouterRefusal) refusal ??= error;
      // Some routers drop the packets of the protocol that they do not know. Other errors hold for both.
      else if (!(error instanceof RouterSilent)) return refusal;
    }
  return refusal;
}
