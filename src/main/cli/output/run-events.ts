/**
 * What a command writes with `--json`: the events of its torrents, and its own. `JsonLine` is what docs/events.schema.json
 * describes, which `npm run schema` makes from it.
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
import type { BenchFigures, BottleneckCode } from './bench-figures.ts';

/** Version of the JSON events; grows when one changes its meaning. */
export const JSON_VERSION = 1;

/** The torrent is known, to a command that downloads nothing. */
interface RaceMetadata {
  readonly type: 'metadata';
  readonly name: string;
  readonly infoHash: InfoHash;
}

/** How far a race is, a few times a second. */
interface RaceProgress extends PhaseTotals {
  readonly type: 'progress';
  readonly known: Count;
}

/** How far `bench` is, a few times a second. */
interface BenchProgress extends PhaseTotals {
  readonly type: 'progress';
  /** Bytes that arrived. */
  readonly bytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
  readonly known: Count;
}

/** How far `verify` or `create` is, a few times a second. */
interface HashProgress {
  readonly type: 'progress';
  /** What is hashed. */
  readonly work: 'verifying' | 'hashing';
  readonly bytes: Bytes;
  readonly totalBytes: Bytes;
  /** @integer */
  readonly rate: BytesPerSecond;
}

/** Why it is stuck. */
interface DiagnosisEvent extends Diagnosis {
  readonly type: 'diagnosis';
}

/** The last event of a race. */
interface RaceSummary extends RaceReport, UsageFigures {
  readonly type: 'summary';
}

/** What one web seed gave. */
interface WebSeedShare {
  /** Without credentials. */
  readonly url: string;
  readonly bytes: Bytes;
  /** Why it has nothing of what is missing; null where it has some. */
  readonly lostTo: string | null;
}

/** A file that is not complete. */
interface MissingFile {
  /** Below the output folder. */
  readonly path: string;
  readonly reason: string;
}

/** The last event of a download. */
interface DownloadSummary extends RaceSummary {
  /** Milliseconds since the start. */
  readonly ms: Milliseconds;
  /** Bytes that this run downloaded and verified. */
  readonly downloaded: Bytes;
  /** Bytes that were on disk and good. */
  readonly found: Bytes;
  /** Pieces that were hashed at the start because no journal vouched for them. */
  readonly rehashed: Count;
  /** Bytes in one write call, as they cost least on this machine; 0 where nothing was written. */
  readonly writeBytes: Bytes;
  readonly webSeeds: readonly WebSeedShare[];
  /** Files that stay incomplete because no source has what they lack (exit status 6), or because not all of them came in time (exit status 4). */
  readonly missingFiles: readonly MissingFile[];
}

/** The next of several sources of `get` begins. */
interface SourceEvent {
  readonly type: 'source';
  /**
   * Which of the sources this is, from 1.
   * @integer
   * @minimum 1
   */
  readonly number: number;
  /** As it was given, without secrets. */
  readonly source: string;
  /** How many there are. */
  readonly of: Count;
}

/** The run failed, or one of several sources did. */
interface ErrorEvent {
  readonly type: 'error';
  readonly code: FailureCode;
  /** For people. */
  readonly message: string;
}

/** The last event of `doctor`. */
interface VerdictEvent {
  readonly type: 'verdict';
  /** A block came. */
  readonly works: boolean;
  /** Milliseconds until the first block; null where none came. */
  readonly firstBlockMs: Milliseconds | null;
}

/** The last event of `verify`. */
interface VerifiedEvent {
  readonly type: 'verified';
  readonly ms: Milliseconds;
  readonly pieces: Count;
  readonly goodPieces: Count;
  readonly files: readonly FileVerdict[];
}

/** Something that is in the folder and not in the torrent. */
interface LeftOutFile {
  readonly path: string;
  readonly reason: string;
}

/** The last event of `create`. */
interface CreatedEvent {
  readonly type: 'created';
  /** The .torrent file. */
  readonly path: string;
  readonly infoHash: InfoHash;
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  readonly files: Count;
  /** What is in the folder and not in the torrent. */
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

/** What one tracker knows of a torrent. */
interface TrackerScrape {
  /** Without credentials. */
  readonly tracker: string;
  /** Null where the tracker did not answer. */
  readonly scrape: { readonly seeders: number; readonly leechers: number; readonly completed: number } | null;
  /** Why there is no answer; null where there is one. */
  readonly error: string | null;
}

/** What `inspect` found. */
interface TorrentFoundEvent {
  readonly type: 'torrent';
  readonly name: string;
  readonly infoHash: InfoHash;
  readonly bytes: Bytes;
  readonly pieces: Count;
  readonly pieceLength: Bytes;
  readonly private: boolean;
  /** A link to the same torrent. */
  readonly magnet: string;
  /** By tier (BEP 12). */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly comment: string | null;
  readonly createdBy: string | null;
  readonly files: readonly ListedFile[];
  /** With `--scrape`: one for each tracker. */
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
  /** Connections to its black holes time out, as in the field; false where this system answers them. */
  readonly trueTimeout: boolean;
  /** The best peer's own time; null where no peer unchokes. */
  readonly oracle: {
    readonly ms: Milliseconds;
    readonly peer: PeerAddress;
    readonly handshakeMs: Milliseconds;
    readonly unchokeMs: Milliseconds;
  } | null;
  /** The process of the swarm. */
  readonly pid?: Count;
}

/** What `bench` measured. */
interface BenchEvent extends BenchFigures {
  readonly type: 'bench';
  /** Bytes a second in the median second. */
  readonly medianRate: BytesPerSecond;
  /** What the run waits for. */
  readonly bottleneck: BottleneckCode;
}

/** What is about one torrent: with several sources its lines carry a number. */
type OfOneSource =
  | TorrentEvent
  | RaceMetadata
  | RaceProgress
  | BenchProgress
  | DiagnosisEvent
  | RaceSummary
  | DownloadSummary
  | ErrorEvent;

type OfTheCommand =
  | SourceEvent
  | HashProgress
  | VerdictEvent
  | VerifiedEvent
  | CreatedEvent
  | TorrentFoundEvent
  | SwarmEvent
  | BenchEvent;

/** All that a command reports. */
export type RunEvent = OfOneSource | OfTheCommand;

interface Versioned {
  /** Grows when an event changes its meaning. */
  readonly v: typeof JSON_VERSION;
}

interface Numbered {
  /**
   * With several sources: which of them this is about.
   * @integer
   * @minimum 1
   */
  readonly number?: number;
}

/** One line of `--json`. */
export type JsonLine = Versioned & ((OfOneSource & Numbered) | OfTheCommand);
