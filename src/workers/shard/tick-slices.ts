/** The deadline tick in slices: ten thousand peers must not make one long turn of the event loop. */
import { TICK_SLICE_PEERS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

export function tickInSlices(
  peers: readonly PeerDriver[],
  soon: (work: () => void) => void,
  guard: (work: () => void) => void,
  from = 0,
): void {
  const end = Math.min(peers.length, from + TICK_SLICE_PEERS);
  for (let i = from; i < end; i++) peers[i]?.tick();
  if (end < peers.length) soon(() => guard(() => tickInSlices(peers, soon, guard, end)));
}
