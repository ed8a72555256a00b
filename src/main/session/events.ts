/**
 * What a torrent reports while it runs: one interface for each event, and `type` tells them apart. The lines of `--json` are
 * the same objects, so docs/events.schema.json is made from these types (`npm run schema`), their comments included.
 */
import type {
  Bytes,
  BytesPerSecond,
  Count,
  Index,
  InfoHash,
  Milliseconds,
  PeerAddress,
} from '../quantities.ts';
import type { PhaseTotals } from '../race/phase-totals.ts';

/** The torrent is known: at once from a .torrent file, later from the peers of a magnet link. */
export interface MetadataEvent {
  readonly type: 'metadata';
  /** The torrent's own name. */
  readonly name: string;
  readonly infoHash: InfoHash;
  /** All files together. */
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  readonly files: Count;
  /** Of a magnet link: milliseconds until a peer had sent the metadata. */
  readonly searchMs?: Milliseconds;
}

/** Peers may connect to us at this port. */
export interface ListeningEvent {
  readonly type: 'listening';
  readonly port: Count;
}

/** The first peer lets us download. */
export interface FirstUnchokeEvent {
  readonly type: 'first-unchoke';
  /** Milliseconds since the first address went to a shard. */
  readonly ms: Milliseconds;
  readonly peer: PeerAddress;
  /** The thread that talks to the peer. */
  readonly shard: Index;
}

/** A peer that sends us data now. */
export interface FastPeer {
  readonly name: PeerAddress;
  /** The client that it says it is. */
  readonly client: string;
  /**
   * Bytes a second.
   * @integer
   */
  readonly rate: BytesPerSecond;
}

/** How far a download is, a few times a second. */
export interface DownloadProgress extends PhaseTotals {
  readonly type: 'progress';
  /** Verified bytes, and those that were found on disk. */
  readonly bytes: Bytes;
  /** Bytes of all pieces that the wanted files need. */
  readonly totalBytes: Bytes;
  /** Verified pieces. */
  readonly pieces: Count;
  /**
   * Bytes a second that arrive now.
   * @integer
   */
  readonly rate: BytesPerSecond;
  /** Addresses of peers that we know. */
  readonly known: Count;
  /** Full pieces that wait to be verified and written. */
  readonly hashBacklog: Count;
  /** The peers that give most, the fastest first. */
  readonly fastest: readonly FastPeer[];
}

/** How far the search for the metadata of a magnet link is, a few times a second. */
export interface SearchProgress extends PhaseTotals {
  readonly type: 'progress';
  /** None is verified yet. */
  readonly bytes: Bytes;
  readonly known: Count;
  /** Peers that say that they have the metadata. */
  readonly metadataOffers: Count;
}

/** How far the check of what is on disk already is, a few times a second. */
export interface CheckProgress {
  readonly type: 'progress';
  /** What is hashed. */
  readonly work: 'checking what is there';
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
}

/** A piece failed its hash. It is fetched again. */
export interface PieceFailedEvent {
  readonly type: 'piece-failed';
  readonly piece: Index;
}

/** A peer sent bad data. We have nothing to do with it any more. */
export interface PeerBannedEvent {
  readonly type: 'peer-banned';
  readonly peer: PeerAddress;
}

/** A web seed has nothing of what is missing. */
export interface WebSeedLostEvent {
  readonly type: 'web-seed-lost';
  /** Without credentials; `all` where the thread of all web seeds died. */
  readonly url: string;
  readonly reason: string;
}

/** A web seed failed and is asked again later. This is reported once for a series of failures. */
export interface WebSeedWaitsEvent {
  readonly type: 'web-seed-waits';
  /** Without credentials. */
  readonly url: string;
  readonly reason: string;
  /** Milliseconds until it is asked again. */
  readonly ms: Milliseconds;
}

/** No web seed has this file. Peers may have it. */
export interface FileUnavailableEvent {
  readonly type: 'file-unavailable';
  /** Below the output folder. */
  readonly path: string;
  readonly reason: string;
}

/** All wanted files are complete, verified and on disk. */
export interface CompleteEvent {
  readonly type: 'complete';
  /** Milliseconds since the start. */
  readonly ms: Milliseconds;
  /** Bytes of all pieces that the wanted files need. */
  readonly bytes: Bytes;
  /** Those of them that this run downloaded; the others were on disk. */
  readonly downloaded: Bytes;
  readonly files: Count;
  /** The file, or the folder of the files. */
  readonly path: string;
}

/** All that a torrent reports. New events and new fields may come: pass over those that you do not know. */
export type TorrentEvent =
  | MetadataEvent
  | ListeningEvent
  | FirstUnchokeEvent
  | DownloadProgress
  | SearchProgress
  | CheckProgress
  | PieceFailedEvent
  | PeerBannedEvent
  | WebSeedLostEvent
  | WebSeedWaitsEvent
  | FileUnavailableEvent
  | CompleteEvent;
