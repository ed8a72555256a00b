/**
 * The events that a command writes with `--json`: those of its torrents, and its own. `npm run schema` makes
 * docs/events.schema.json from `JsonLine`.
 */
import type { Diagnosis } from '../../doctor/diagnosis.ts';
import type { FailureCode } from '../../failure.ts';
import type { Bytes, BytesPerSecond, Count, InfoHash, Milliseconds } from '../../quantities.ts';
import type { PhaseTotals } from '../../race/phase-totals.ts';
import type { RaceReport } from '../../report/race-report.ts';
import type { UsageFigures } from '../../report/usage-figures.ts';
import type { TorrentEvent } from '../../session/events.ts';
import type { OfTheCommand } from './command-events.ts';

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
  /** Bytes that came from the folders of `--reuse`. */
  readonly reused: Bytes;
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
  /** The folders of `--reuse`. */
  readonly reuse: readonly string[];
  /** The port for incoming connections; 0: a free one; null: none. */
  readonly port: Count | null;
}

/** `share`: peers may get this torrent from now on. */
interface SharingEvent {
  readonly type: 'sharing';
  /** The file, or the folder of the files. */
  readonly path: string;
  readonly name: string;
  readonly infoHash: InfoHash;
  /** Of version 2 (BEP 52), as in `torrent`; null if it has only version 1. */
  readonly infoHashV2: string | null;
  readonly magnet: string;
  readonly bytes: Bytes;
  readonly pieces: Count;
  /** Pieces that are right; peers get only these. */
  readonly goodPieces: Count;
  /** Pieces that had to be hashed to know it. */
  readonly hashedPieces: Count;
}

/** The failure that ended the run, or one of several sources. */
interface ErrorEvent {
  readonly type: 'error';
  readonly code: FailureCode;
  /** For people. */
  readonly message: string;
}

/** `watch`: a try failed in a way that may pass. The file stays in the folder, and the same torrent is tried again. */
interface TryFailedEvent {
  readonly type: 'try-failed';
  readonly code: FailureCode;
  /** For people. */
  readonly message: string;
  /** The likeliest reason, as in the event `diagnosis`; null if none is known. */
  readonly why: string | null;
  /** Tries that failed in a row, this one included; 1 if data has arrived in it. */
  readonly failures: Count;
  /** The next try comes after this time, as soon as there is a place. */
  readonly afterMs: Milliseconds;
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
  | SharingEvent
  | ErrorEvent
  | TryFailedEvent;

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
