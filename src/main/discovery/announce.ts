/** Requests to a tracker and its answers, for every protocol. */
import type { Reach } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';

export type AnnounceEvent = 'started' | 'stopped' | 'completed' | 'none';

export interface AnnounceRequest {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event: AnnounceEvent;
  /** The number of peers that we want. */
  readonly numwant: number;
  /** The same for the whole run, so that a tracker knows us after our address has changed (BEP 7). */
  readonly key: number;
}

export interface AnnounceReply {
  /** How near the tracker is: it may not name peers that are nearer than itself. */
  readonly reach: Reach;
  readonly peers: readonly HostPort[];
  readonly intervalMs: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly warning: string | null;
  /** To be sent back with the next HTTP announce. */
  readonly trackerId: Uint8Array | null;
}

/** The figures of a tracker about a torrent. */
export interface Scrape {
  readonly seeders: number;
  readonly leechers: number;
  /** Downloads that were completed, as far as the tracker counts them. */
  readonly completed: number;
}

export interface TrackerErrorOptions extends ErrorOptions {
  readonly retryMs?: number | null;
  readonly lasting?: boolean;
}

/** A tracker failed to give a good answer. The message is for the user. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  /** The wait that the tracker wants; Infinity: never ask again. Null if it names none. */
  readonly retryMs: number | null;
  /** It will probably not change in a few minutes: no reason for a run to wait. */
  readonly lasting: boolean;

  constructor(message: string, { retryMs = null, lasting = false, ...options }: TrackerErrorOptions = {}) {
    super(message, options);
    this.retryMs = retryMs;
    this.lasting = lasting || retryMs === Number.POSITIVE_INFINITY;
  }
}
