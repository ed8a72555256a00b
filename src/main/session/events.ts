/**
 * The events of a torrent while it runs: one interface per event, and `type` names it. The lines of `--json` are the same
 * objects, so docs/events.schema.json is made from these types and their comments (`npm run schema`).
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
import type {
  ListeningEvent,
  NotListeningEvent,
  PortMappedEvent,
  PortNotMappedEvent,
} from './port-events.ts';

/** The torrent is known: at once from a .torrent file, later from the peers of a magnet link. */
export interface MetadataEvent {
  readonly type: 'metadata';
  /** The torrent's own name. */
  readonly name: string;
  readonly infoHash: InfoHash;
  /** Bytes of all files together. */
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  readonly files: Count;
  /** Only with a magnet link: milliseconds until a peer had sent the metadata. */
  readonly searchMs?: Milliseconds;
}

/** The first peer unchoked us. */
export interface FirstUnchokeEvent {
  readonly type: 'first-unchoke';
  /** Milliseconds since a shard got the first address. */
  readonly ms: Milliseconds;
  readonly peer: PeerAddress;
  /** The thread that talks to the peer. */
  readonly shard: Index;
}

/** A peer that sends us data now. */
export interface FastPeer {
  readonly name: PeerAddress;
  /** The client's name for itself. */
  readonly client: string;
  /**
   * Bytes per second.
   * @integer
   */
  readonly rate: BytesPerSecond;
}

/** Progress of a download, a few times per second. */
export interface DownloadProgress extends PhaseTotals {
  readonly type: 'progress';
  /** Verified bytes, including those that were already on disk. */
  readonly bytes: Bytes;
  /** Bytes that have arrived of pieces that are not verified yet. They count as `bytes` only once their piece is verified. */
  readonly pendingBytes: Bytes;
  /** Bytes of all pieces that the wanted files need. */
  readonly totalBytes: Bytes;
  /** Verified pieces. */
  readonly pieces: Count;
  /**
   * Bytes per second that arrive now.
   * @integer
   */
  readonly rate: BytesPerSecond;
  /** Known addresses of peers. */
  readonly known: Count;
  /** Full pieces that wait to be verified and written. */
  readonly hashBacklog: Count;
  /** Connected peers that want data from us, and those of them that may request it. */
  readonly wanting: Count;
  readonly served: Count;
  /** The fastest peers, the fastest first. */
  readonly fastest: readonly FastPeer[];
}

/** Progress of the search for the metadata of a magnet link, a few times per second. */
export interface SearchProgress extends PhaseTotals {
  readonly type: 'progress';
  /** 0: nothing is verified yet. */
  readonly bytes: Bytes;
  readonly known: Count;
  /** Peers that offer the metadata. */
  readonly metadataOffers: Count;
}

/**
 * Progress of the search for the hashes of the pieces, a few times per second: the metadata of a version 2 torrent (BEP 52) is there, and
 * peers are asked for the hashes that it does not have.
 */
export interface HashProgress extends PhaseTotals {
  readonly type: 'progress';
  /** 0: nothing is verified yet. */
  readonly bytes: Bytes;
  readonly known: Count;
  /** Pieces whose hash was missing and has come. */
  readonly hashes: Count;
  /** All pieces whose hash was missing. */
  readonly totalHashes: Count;
  /** Connected peers that know version 2 and are asked. */
  readonly hashPeers: Count;
}

/** Progress of the check of the files that are already on disk, a few times per second. */
export interface CheckProgress {
  readonly type: 'progress';
  /** The kind of work. */
  readonly work: 'checking what is there';
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
}

/** Progress of the search for known pieces in the folders of `reuse`, before peers are asked; a few times per second. */
export interface ReuseProgress {
  readonly type: 'progress';
  /** The kind of work. */
  readonly work: 'looking for known pieces';
  readonly folders: readonly string[];
  /** Bytes looked at, and their total so far: first files with the right size or name are searched, then all others. */
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
}

/** The search for known pieces in the folders of `reuse` is over. */
export interface ReusedEvent {
  readonly type: 'reused';
  readonly folders: readonly string[];
  /** Bytes that came from there. They do not count as downloaded. */
  readonly bytes: Bytes;
  /** Bytes of all pieces that the wanted files need. */
  readonly totalBytes: Bytes;
  /** The folders have more files than unchoke looks at. */
  readonly isCut: boolean;
}

/** Progress of a torrent that is complete and given to peers, a few times per second. */
export interface SeedProgress extends PhaseTotals {
  readonly type: 'progress';
  readonly work: 'seeding';
  /** Verified bytes. */
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** Bytes of blocks that peers got since the torrent was added, also in runs before a pause. */
  readonly uploaded: Bytes;
  /** The same as a multiple of the bytes of the torrent. */
  readonly ratio: number;
  /**
   * Bytes per second that leave now.
   * @integer
   */
  readonly rate: BytesPerSecond;
  /** Known addresses of peers. */
  readonly known: Count;
  /** Connected peers that want data from us. */
  readonly wanting: Count;
  /** Those of them that may request it. */
  readonly served: Count;
}

/** How far the cluster is, once a second, and once more when this node leaves it. */
export interface ClusterProgress {
  readonly type: 'cluster';
  /** Nodes that are connected, with this one. */
  readonly nodes: Count;
  /** How many there are, with this one, as far as it is known. */
  readonly size: Count;
  /** Nodes that are complete, or were when they left, with this one. */
  readonly complete: Count;
  /** Nodes that were named, or are connected, and are not complete. */
  readonly missing: readonly string[];
  /** The node that was complete last, once all are. */
  readonly slowest: string | null;
  /** Bytes that this node got from outside: from other peers and web seeds. */
  readonly outsideBytes: Bytes;
  /** Bytes that it got from other nodes. */
  readonly nodeBytes: Bytes;
  /** The same of all nodes together, as far as they have said. */
  readonly allOutsideBytes: Bytes;
  readonly allNodeBytes: Bytes;
}

/** A piece failed its hash check and is fetched again. */
export interface PieceFailedEvent {
  readonly type: 'piece-failed';
  readonly piece: Index;
}

/** A peer sent bad data and was banned. */
export interface PeerBannedEvent {
  readonly type: 'peer-banned';
  readonly peer: PeerAddress;
}

/** A web seed has nothing that is missing. */
export interface WebSeedLostEvent {
  readonly type: 'web-seed-lost';
  /** Without credentials; `all` if the web-seed thread has died. */
  readonly url: string;
  readonly reason: string;
}

/** A web seed failed and is asked again later. One event for a series of failures. */
export interface WebSeedWaitsEvent {
  readonly type: 'web-seed-waits';
  /** Without credentials. */
  readonly url: string;
  readonly reason: string;
  /** Milliseconds until the next try. */
  readonly ms: Milliseconds;
}

/** No web seed has this file. Peers may have it. */
export interface FileUnavailableEvent {
  readonly type: 'file-unavailable';
  /** Relative to the output folder. */
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
  /** The part of these bytes that this run downloaded; the rest was already on disk. */
  readonly downloaded: Bytes;
  /** The part of these bytes that came from the folders of `reuse`. */
  readonly reused: Bytes;
  readonly files: Count;
  /** The file, or the folder of the files. */
  readonly path: string;
}

/** The torrent is no longer given to peers: a goal was reached, or the user ended it. */
export interface SeededEvent {
  readonly type: 'seeded';
  /** Bytes of blocks that peers got since the torrent was added, also in runs before a pause. */
  readonly uploaded: Bytes;
  readonly ratio: number;
  /** The same of all runs of `share` with this data. */
  readonly uploadedInAll: Bytes;
  /** Milliseconds since it was complete. */
  readonly ms: Milliseconds;
}

/** All events of a torrent. New events and new fields may appear: ignore those that you do not know. */
export type TorrentEvent =
  | MetadataEvent
  | ListeningEvent
  | NotListeningEvent
  | PortMappedEvent
  | PortNotMappedEvent
  | FirstUnchokeEvent
  | DownloadProgress
  | SearchProgress
  | HashProgress
  | CheckProgress
  | ReuseProgress
  | SeedProgress
  | ClusterProgress
  | PieceFailedEvent
  | PeerBannedEvent
  | WebSeedLostEvent
  | WebSeedWaitsEvent
  | FileUnavailableEvent
  | ReusedEvent
  | CompleteEvent
  | SeededEvent;
