/** The notice that all peers are lost and the run waits for them. It is given once each time that this becomes true. */

import { formatTime } from '../text/units.ts';
import type { Patience } from './idle-watch.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export class LostNotice {
  #isSaid = false;

  /** Null if there is nothing new to say. */
  look({ race, discovery }: TorrentSwarm, patience: Patience): string | null {
    const { handshaking, choked, unchoked } = race.totals;
    const isAlone = handshaking + choked + unchoked === 0 && !discovery.searching;
    const isLost = isAlone && race.peers.allLost;
    const isNews = isLost && !this.#isSaid;
    this.#isSaid = isLost;
    if (!isNews) return null;
    const { size } = race.peers;
    const [ms, option, what] =
      race.firsts.ttfuMs === null
        ? [patience.firstUnchokeTimeout, '--first-unchoke-timeout', 'from the start']
        : [patience.idleTimeout, '--idle-timeout', 'without a piece'];
    const until = ms === 0 ? '' : `, for up to ${formatTime(ms)} ${what} (${option})`;
    const lost = size === 1 ? 'the only peer is lost: it is' : `all ${size} peers are lost: they are`;
    return `${lost} dialled again${until}`;
  }
}
