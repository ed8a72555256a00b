/** The bytes of a torrent on the shard at one position, through the deaths of its threads: trackers and a ratio must not see them fall. */
import type { TorrentStats } from '../../shared/messages.ts';

type Bytes = Pick<TorrentStats, 'blockBytes' | 'wastedBytes' | 'nodeBytes' | 'sentBytes'>;

const NONE: Bytes = { blockBytes: 0, wastedBytes: 0, nodeBytes: 0, sentBytes: 0 };
/** What a thread has that has not done anything. */
const NOTHING: TorrentStats = {
  ...{ queued: 0, dialing: 0, handshaking: 0, choked: 0, unchoked: 0 },
  ...{ dialed: 0, connected: 0, handshaken: 0, everUnchoked: 0 },
  ...{ redialing: 0, refusedTcp: 0, failedTcp: 0, hungUpTcp: 0, withoutPieces: 0 },
  ...NONE,
};

export class LastingBytes {
  /** Of threads that have died. */
  #before = NONE;
  /** As reported; null: nothing was reported yet. */
  #sum: TorrentStats | null = null;

  /** The present thread says how far it is. Returns that with the bytes of those before it. */
  heard(stats: TorrentStats): TorrentStats {
    this.#sum = {
      ...stats,
      blockBytes: this.#before.blockBytes + stats.blockBytes,
      wastedBytes: this.#before.wastedBytes + stats.wastedBytes,
      nodeBytes: this.#before.nodeBytes + stats.nodeBytes,
      sentBytes: this.#before.sentBytes + stats.sentBytes,
    };
    return this.#sum;
  }

  /** The thread died. Returns what counts until the next one has said something. */
  died(): TorrentStats | null {
    if (this.#sum === null) return null;
    this.#before = this.#sum;
    return this.heard(NOTHING);
  }
}
