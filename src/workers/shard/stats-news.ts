/** The counters of a torrent, posted when they have changed: a thousand idle torrents say nothing. */
import type { TorrentStats } from '../../shared/messages.ts';

export class StatsNews {
  #last: TorrentStats | null = null;

  /** Null where nothing has changed since the last time. */
  of(stats: TorrentStats): TorrentStats | null {
    const last = this.#last;
    const names = Object.keys(stats) as (keyof TorrentStats)[];
    if (last !== null && names.every((name) => stats[name] === last[name])) return null;
    this.#last = stats;
    return stats;
  }
}
