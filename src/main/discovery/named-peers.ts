/** Peers that the user or a magnet link names: they may have host names. */
import { isIP } from 'node:net';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { LookUp } from './environment.ts';

/** Looks each name up on its own: a name that fails does not delay the others. Ends when `signal` aborts. */
export async function resolvePeers(
  named: readonly HostPort[],
  lookUp: LookUp,
  signal: AbortSignal,
  onResolved: (peers: readonly HostPort[]) => void,
  onFailed: (host: string, reason: string) => void,
): Promise<void> {
  onResolved(named.filter(({ host }) => isIP(host) !== 0));
  const names = named.filter(({ host }) => isIP(host) === 0);
  await Promise.all(
    names.map(async ({ host, port }) => {
      try {
        const addresses = await lookUp(host, signal);
        onResolved(addresses.map(({ address }) => ({ host: address, port })));
      } catch (error) {
        if (!signal.aborted) onFailed(host, (error as Error).message);
      }
    }),
  );
}
