/** Which peers are replaced when more peers wait than we may work with. */
import { TURNOVER_INTERVAL_MS, TURNOVER_PERCENT } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

/** The slowest few of the peers that have worked long enough to be judged; at least one. */
export function slowest(peers: Iterable<PeerDriver>, now: number): PeerDriver[] {
  const judged = [...peers].filter(
    ({ state }) => state.phase === 'unchoked' && now - state.since >= TURNOVER_INTERVAL_MS / 2,
  );
  judged.sort((a, b) => a.book.window.rate - b.book.window.rate);
  return judged.slice(0, Math.ceil((judged.length * TURNOVER_PERCENT) / 100));
}
