/** Requests to a tracker and its answers, for every protocol. */
import type { Reach } from '../../shared/address-rules.ts';
import type { HostPort } from '../../shared/compact-peers.ts';

export type AnnounceEvent = 'started' | 'stopped' | 'completed' | 'none';

/** Counters of this run, in bytes. */
export interface AnnouncedBytes {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
}

export interface AnnounceRequest extends AnnouncedBytes {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly event: AnnounceEvent;
  /** How many peers we want. */
  readonly numwant: number;
  /** It stays the same for the whole run, so that a tracker recognizes us when our address changes (BEP 7). */
  readonly key: number;
}

export interface AnnounceReply {
  /** How near the tracker is. A public tracker may not give us private or loopback addresses. */
  readonly reach: Reach;
  readonly peers: readonly HostPort[];
  readonly intervalMs: number;
  /** It must not be asked sooner, whatever happens: its `min interval`. */
  readonly minIntervalMs: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly warning: string | null;
  /** Goes back to the tracker with the next HTTP announce. */
  readonly trackerId: Uint8Array | null;
}

/** The figures of a tracker about a torrent. */
export interface Scrape {
  readonly seeders: number;
  readonly leechers: number;
  /** Completed downloads, as the tracker counts them. */
  readonly completed: number;
}

export interface TrackerErrorOptions extends ErrorOptions {
  readonly retryMs?: number | null;
  readonly lasting?: boolean;
}

/** A tracker did not give a good answer. The message is for the user. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  /** How long the tracker asks us to wait; Infinity: never ask again. Null if it says nothing. */
  readonly retryMs: number | null;
  /** The error will probably not pass within minutes, so no run waits for this tracker. */
  readonly lasting: boolean;

  constructor(message: string, { retryMs = null, lasting = false, ...options }: TrackerErrorOptions = {}) {
    super(message, options);
    this.retryMs = retryMs;
    this.lasting = lasting || retryMs === Number.POSITIVE_INFINITY;
  }
}
