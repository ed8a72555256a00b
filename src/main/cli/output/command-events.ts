/** Events of a command itself: the results of those that are about no download, and the next of several sources. */
import type { FailureCode } from '../../failure.ts';
import type { FleetStatus } from '../../fleet/fleet-status.ts';
import type {
  Bytes,
  BytesPerSecond,
  Count,
  Index,
  InfoHash,
  JobId,
  Milliseconds,
  PeerAddress,
} from '../../quantities.ts';
import type { FileVerdict } from '../../storage/file-verdicts.ts';
import type { Setting } from '../settings-list.ts';
import type { BenchFigures, BottleneckCode } from './bench-figures.ts';

/** Progress of `verify` or `create`, a few times per second. */
interface HashProgress {
  readonly type: 'progress';
  /** The kind of work. */
  readonly work: 'verifying' | 'hashing';
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
}

/** The next of several sources of `get` starts, or the next try of a file of `watch`. */
interface SourceEvent {
  readonly type: 'source';
  /**
   * The number of the source, from 1.
   * @integer
   * @minimum 1
   */
  readonly number: number;
  /** As the user gave it, without secrets. */
  readonly source: string;
  /** The number of sources. */
  readonly of: Count;
}

/** The result of `doctor`. */
interface VerdictEvent {
  readonly type: 'verdict';
  /** True if a block arrived. */
  readonly works: boolean;
  /** Milliseconds until the first block; null if none arrived. */
  readonly firstBlockMs: Milliseconds | null;
}

/** The result of `verify`. */
interface VerifiedEvent {
  readonly type: 'verified';
  readonly ms: Milliseconds;
  /** Of the files that were checked: all, or those of `--select`. */
  readonly pieces: Count;
  /** Those that are right in each of these files. */
  readonly goodPieces: Count;
  readonly files: readonly FileVerdict[];
}

/** A file of the folder that is not in the torrent. */
interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

/** The result of `create`. */
interface CreatedEvent {
  readonly type: 'created';
  /** The .torrent file. */
  readonly path: string;
  readonly infoHash: InfoHash;
  /** Of version 2 (BEP 52), as in `torrent`; null if it has only version 1. */
  readonly infoHashV2: string | null;
  /** A magnet link to it. */
  readonly magnet: string;
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  readonly files: Count;
  /** Files of the folder that are not in the torrent. */
  readonly leftOut: readonly LeftOutFile[];
  readonly ms: Milliseconds;
}

/** One file of a torrent. */
interface ListedFile {
  /** The number that `--select` takes. */
  readonly index: Index;
  readonly path: string;
  readonly length: Bytes;
}

/** The figures of one tracker about a torrent. */
interface TrackerScrape {
  /** Without credentials. */
  readonly tracker: string;
  /** Null if the tracker did not answer. */
  readonly scrape: { readonly seeders: number; readonly leechers: number; readonly completed: number } | null;
  /** Why there is no answer; null if there is one. */
  readonly error: string | null;
}

/** The result of `inspect`. */
interface TorrentFoundEvent {
  readonly type: 'torrent';
  readonly name: string;
  readonly infoHash: InfoHash;
  /** Of version 2 (BEP 52), 64 hexadecimal characters; `infoHash` is then its beginning, or that of version 1 in a hybrid. */
  readonly infoHashV2: string | null;
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  /** Files whose hashes of pieces (BEP 52) are not in the .torrent file, so that peers must send them; null for a magnet link, which never has them. */
  readonly unhashedFiles: Count | null;
  readonly private: boolean;
  /** A magnet link to the same torrent. */
  readonly magnet: string;
  /** By tier (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly files: readonly ListedFile[];
  /** With `--scrape`: one entry per tracker. */
  readonly scrapes: readonly TrackerScrape[];
}

/** A loopback swarm listens. */
interface SwarmEvent {
  readonly type: 'swarm';
  /** The .torrent file. */
  readonly torrent: string;
  readonly infoHash: InfoHash;
  /** The URL of its tracker. */
  readonly announce: string;
  readonly peers: Count;
  /** Peers by kind. */
  readonly counts: Readonly<Record<string, Count>>;
  /** True if connections to its silent addresses time out, as in the field; false if this system answers them. */
  readonly trueTimeout: boolean;
  /** The time of the best peer; null if no peer unchokes. */
  readonly oracle: {
    readonly ms: Milliseconds;
    readonly peer: PeerAddress;
    readonly handshakeMs: Milliseconds;
    readonly unchokeMs: Milliseconds;
  } | null;
  /** The process id of the swarm. */
  readonly pid?: Count;
}

/** The result of `config`. */
interface ConfigEvent {
  readonly type: 'config';
  readonly file: { readonly path: string; readonly exists: boolean };
  readonly settings: readonly Setting[];
  /** Variables in the environment that look like settings of ours, and are none. */
  readonly unknownVariables: readonly string[];
}

/** What `unchoke bench` measured. */
interface BenchEvent extends BenchFigures {
  readonly type: 'bench';
  /** Bytes per second in the median second. */
  readonly medianRate: BytesPerSecond;
  /** What the run waits for. */
  readonly bottleneck: BottleneckCode;
}

/** `fleet add`: a torrent is a job of the queue. */
interface FleetAddedEvent {
  readonly type: 'fleet-added';
  /** The id of the job. */
  readonly infoHash: JobId;
  readonly name: string;
  /** False: it was a job already. */
  readonly isNew: boolean;
}

/** `fleet work`: this machine took a job, or ended its work on it. */
interface FleetJobEvent {
  readonly type: 'fleet-job';
  readonly infoHash: JobId;
  readonly name: string;
  /** `handed-over`: it went back to the queue in order. `lost`: another machine may have it. `same`: another job does its torrent. */
  readonly what: 'taken' | 'complete' | 'handed-over' | 'failed' | 'lost' | 'same';
  /** The id of that job. */
  readonly sameAs: JobId | null;
  /** Verified bytes. */
  readonly bytes: Bytes;
  /** 0 while it is not known. */
  readonly totalBytes: Bytes;
  /** Why it failed. */
  readonly code: FailureCode | null;
  readonly message: string | null;
}

/** The result of `fleet status`. */
interface FleetEvent extends FleetStatus {
  readonly type: 'fleet';
}

export type OfTheCommand =
  | SourceEvent
  | HashProgress
  | VerdictEvent
  | VerifiedEvent
  | CreatedEvent
  | TorrentFoundEvent
  | SwarmEvent
  | ConfigEvent
  | FleetAddedEvent
  | FleetJobEvent
  | FleetEvent
  | BenchEvent;
