/**
 * The events that a command writes with `--json`: those of its torrents, and its own. `npm run schema` makes
 * docs/events.schema.json from `JsonLine`.
 */
import type { Diagnosis } from '../../doctor/diagnosis.ts';
import type { FailureCode } from '../../failure.ts';
import type {
  Bytes,
  BytesPerSecond,
  Count,
  Index,
  InfoHash,
  Milliseconds,
  PeerAddress,
} from '../../quantities.ts';
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { RaceReport } from '../../report/race-report.ts';
import type { UsageFigures } from '../../report/usage-figures.ts';
import type { TorrentEvent } from '../../session/events.ts';
import type { FileVerdict } from '../../storage/file-verdicts.ts';
import type { Setting } from '../settings-list.ts';
import type { BenchFigures, BottleneckCode } from './bench-figures.ts';

/** Version of the JSON events; grows when an event changes its meaning. */
export const JSON_VERSION = 1;

/** The torrent is known. `race` and `doctor` give only name and info hash. */
interface RaceMetadata {
  readonly type: 'metadata';
  readonly name: string;
  readonly infoHash: InfoHash;
}

/** Progress of a race, a few times per second. */
interface RaceProgress extends PhaseTotals {
  readonly type: 'progress';
  readonly known: Count;
}

/** Progress of `bench`, a few times per second. */
interface BenchProgress extends PhaseTotals {
  readonly type: 'progress';
  /** Received bytes. */
  readonly bytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
  readonly known: Count;
}

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

/** Why the download makes no progress. */
interface DiagnosisEvent extends Diagnosis {
  readonly type: 'diagnosis';
}

/** The result of `race`. */
interface RaceSummary extends RaceReport, UsageFigures {
  readonly type: 'summary';
}

/** The share of one web seed. */
interface WebSeedShare {
  /** Without credentials. */
  readonly url: string;
  readonly bytes: Bytes;
  /** Why it has nothing that is missing; null if it has something. */
  readonly lostTo: string | null;
}

/** A file that is not complete. */
interface MissingFile {
  /** Relative to the output folder. */
  readonly path: string;
  readonly reason: string;
}

/** The result of `get`. */
interface DownloadSummary extends RaceSummary {
  /** Milliseconds since the start. */
  readonly ms: Milliseconds;
  /** Bytes that this run downloaded and verified. */
  readonly downloaded: Bytes;
  /** Good bytes that were already on disk. */
  readonly found: Bytes;
  /** Pieces that were hashed at the start because no journal claimed them. */
  readonly rehashed: Count;
  /** Bytes in one write call that are cheapest on this machine; 0 if nothing was written. */
  readonly writeBytes: Bytes;
  readonly webSeeds: readonly WebSeedShare[];
  /** Files that stay incomplete because no source has the missing data (exit status 6) or because it did not arrive in time (exit status 4). */
  readonly missingFiles: readonly MissingFile[];
}

/** The result of `get --dry-run`. */
interface PlanEvent {
  readonly type: 'plan';
  readonly name: string;
  /** The file, or the folder of the files. */
  readonly path: string;
  readonly files: readonly { readonly path: string; readonly length: Bytes }[];
  /** Bytes of these files, and those of them that take space on the disk now. */
  readonly bytes: Bytes;
  readonly taken: Bytes;
  /** Bytes that are free there; null if the file system does not say. */
  readonly free: Bytes | null;
  /** Where peers and data come from, in words. */
  readonly sources: readonly string[];
  /** The port for incoming connections; 0: a free one; null: none. */
  readonly port: Count | null;
}

/** The next of several sources of `get` starts. */
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

/** The failure that ended the run, or one of several sources. */
interface ErrorEvent {
  readonly type: 'error';
  readonly code: FailureCode;
  /** For people. */
  readonly message: string;
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
  readonly pieces: Count;
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
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
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

/** Events about one torrent: with several sources their lines have a number. */
type OfOneSource =
  | TorrentEvent
  | RaceMetadata
  | RaceProgress
  | BenchProgress
  | DiagnosisEvent
  | RaceSummary
  | DownloadSummary
  | PlanEvent
  | ErrorEvent;

type OfTheCommand =
  | SourceEvent
  | HashProgress
  | VerdictEvent
  | VerifiedEvent
  | CreatedEvent
  | TorrentFoundEvent
  | SwarmEvent
  | ConfigEvent
  | BenchEvent;

/** All events of a command. */
export type RunEvent = OfOneSource | OfTheCommand;

interface Versioned {
  /** Grows when an event changes its meaning. */
  readonly v: typeof JSON_VERSION;
}

interface Numbered {
  /**
   * With several sources: the number of the source.
   * @integer
   * @minimum 1
   */
  readonly number?: number;
}

/** One line of `--json`. */
export type JsonLine = Versioned & ((OfOneSource & Numbered) | OfTheCommand);
