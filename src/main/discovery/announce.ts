/** What is said to a tracker and what it answers, whatever the protocol. */
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
  /** Peers wanted. */
  readonly numwant: number;
  /** The same for the whole run, so that a tracker knows us again after our address changed (BEP 7). */
  readonly key: number;
}

export interface AnnounceReply {
  /** How near the tracker is: it may name nobody who is nearer. */
  readonly reach: Reach;
  readonly peers: readonly HostPort[];
  readonly intervalMs: number;
  readonly seeders: number | null;
  readonly leechers: number | null;
  readonly warning: string | null;
  /** To be sent back with the next HTTP announce. */
  readonly trackerId: Uint8Array | null;
}

/** What a tracker knows of a torrent. */
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

/** A tracker that did not answer well. The message is for the user. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError';
  /** The tracker says for how long it is not to be asked again; Infinity: never. Null where it says nothing. */
  readonly retryMs: number | null;
  /** It will hardly be otherwise in a few minutes: no reason for a run to wait. */
  readonly lasting: boolean;

  constructor(message: string, { retryMs = null, lasting = false, ...options }: TrackerErrorOptions = {}) {
    super(message, options);
    this.retryMs = retryMs;
    this.lasting = lasting || retryMs === Number.POSITIVE_INFINITY;
  }
}
