/** Peers by phase on all shards, from their last reports. */
import type { TorrentStats } from '../../shared/messages.ts';
import type { Bytes, Count } from '../quantities.ts';

export interface PhaseTotals {
  /** Peers that wait for their turn. */
  readonly queued: Count;
  /** Connections that are opening. */
  readonly dialing: Count;
  /** Connected peers whose handshake has not arrived. */
  readonly handshaking: Count;
  /** Peers that choke us. */
  readonly choked: Count;
  /** Peers that we may ask for blocks. */
  readonly unchoked: Count;
  /** Peers that were dialled so far. */
  readonly dialed: Count;
  /** Dials that connected so far. */
  readonly connected: Count;
  /** Bytes of blocks that peers sent so far. */
  readonly blockBytes: Bytes;
  /** The part of them that nodes of our cluster sent. */
  readonly nodeBytes: Bytes;
  /** Bytes of blocks that peers got from us so far. */
  readonly sentBytes: Bytes;
}

/** Added up once for each report: a session asks for the totals of a thousand torrents all the time, and few of them change. */
export class LastTotals {
  #stats: readonly (TorrentStats | null)[] = [];
  #totals = phaseTotals([]);

  /** `stats`: the same array as long as no shard reports anything else. */
  of(stats: readonly (TorrentStats | null)[]): PhaseTotals {
    if (stats !== this.#stats) this.#totals = phaseTotals(stats);
    this.#stats = stats;
    return this.#totals;
  }
}

function phaseTotals(stats: readonly (TorrentStats | null)[]): PhaseTotals {
  const total = {
    ...{ queued: 0, dialing: 0, handshaking: 0, choked: 0, unchoked: 0, dialed: 0, connected: 0 },
    blockBytes: 0,
    nodeBytes: 0,
    sentBytes: 0,
  };
  for (const entry of stats) {
    if (entry === null) continue;
    total.queued += entry.queued;
    total.dialing += entry.dialing;
    total.handshaking += entry.handshaking;
    total.choked += entry.choked;
    total.unchoked += entry.unchoked;
    total.dialed += entry.dialed;
    total.connected += entry.connected;
    total.blockBytes += entry.blockBytes;
    total.nodeBytes += entry.nodeBytes;
    total.sentBytes += entry.sentBytes;
  }
  return total;
}
