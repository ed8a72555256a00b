/** The word that all peers are lost and that the run waits for them: said once each time that it becomes true. */

import { phaseTotals } from '../../race/phase-totals.ts';
import type { PeerSession } from '../../session/peer-session.ts';
import { formatDuration } from '../../text/units.ts';
import type { Console } from '../output/console.ts';

export class LostNotice {
  #isSaid = false;

  /** The time-outs in milliseconds; 0 is never. */
  look(
    { race, discovery }: PeerSession,
    timeouts: { readonly firstUnchoke: number; readonly idle: number },
    console: Console,
  ): void {
    const { handshaking, choked, unchoked } = phaseTotals(race.shardStats);
    const isAlone = handshaking + choked + unchoked === 0 && !discovery.searching;
    const isLost = isAlone && race.peers.allLost;
    const isNews = isLost && !this.#isSaid;
    this.#isSaid = isLost;
    if (!isNews) return;
    const { size } = race.peers;
    const [ms, option, what] =
      race.ttfuMs === null
        ? [timeouts.firstUnchoke, '--first-unchoke-timeout', 'from the start']
        : [timeouts.idle, '--idle-timeout', 'without a piece'];
    const until = ms === 0 ? '' : `, for up to ${formatDuration(ms)} ${what} (${option})`;
    const lost = size === 1 ? 'the only peer is lost: it is' : `all ${size} peers are lost: they are`;
    console.news(`${lost} dialled again${until}`);
  }
}
