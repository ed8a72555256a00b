/** What a job of the queue says: the torrent itself, and how far it is. Both are plain JSON, and another version may have written them. */
import type { FailureCode } from '../failure.ts';
import type { RunPhase } from '../session/run-phase.ts';

/** The torrent and how it is wanted. It never changes. */
export interface JobData {
  readonly v: 1;
  /** Its info hashes in hexadecimal, as far as the source says them. The first is the id of the job: that of version 1 if it is known. */
  readonly ids: readonly string[];
  /** For people. */
  readonly name: string;
  /** The bytes of a .torrent file in base64, or a magnet link: workers need no shared path. */
  readonly source:
    | { readonly kind: 'torrent'; readonly base64: string }
    | { readonly kind: 'magnet'; readonly link: string };
  readonly select: readonly string[];
  readonly trackers: readonly string[];
}

export interface JobFailure {
  readonly code: FailureCode;
  readonly exitStatus: number;
  readonly message: string;
  /** The likeliest reason, as `unchoke doctor` says it; null if there is none. */
  readonly why: string | null;
  readonly machine: string;
}

/** A machine, and until when it counts: milliseconds of the calendar. */
export interface Until {
  readonly machine: string;
  readonly at: number;
}

/** How far it is. The worker that has the job writes it. */
export interface JobState {
  readonly v: 1;
  /** What the run does; `waiting` if no worker has the job. */
  readonly phase: 'waiting' | Exclude<RunPhase, 'seeding'> | 'complete';
  /** The machine where its data lies; null before the first one has begun. */
  readonly machine: string | null;
  readonly bytes: number;
  readonly totalBytes: number;
  /** Bytes per second. */
  readonly rate: number;
  /** Why the last try failed. */
  readonly failure: JobFailure | null;
  /** This machine has the data, and may have the job first. */
  readonly waitsFor: Until | null;
  /** This machine could not do it, for example because its disk is full. */
  readonly avoids: Until | null;
}

export const NEW_STATE: JobState = {
  v: 1,
  phase: 'waiting',
  machine: null,
  bytes: 0,
  totalBytes: 0,
  rate: 0,
  failure: null,
  waitsFor: null,
  avoids: null,
};

/** A job that another program or version has put into the queue has no torrent that we can read: then it fails as a bad torrent. */
export function readJobData(data: unknown): JobData {
  if (typeof data === 'object' && data !== null && (data as JobData).v === 1) return data as JobData;
  return {
    v: 1,
    ids: [],
    name: 'a job that this version cannot read',
    source: { kind: 'magnet', link: '' },
    select: [],
    trackers: [],
  };
}

/** The state in a job; that of a new job if there is none that we can read. */
export function stateOf(progress: unknown): JobState {
  if (typeof progress !== 'object' || progress === null || (progress as JobState).v !== 1) return NEW_STATE;
  return { ...NEW_STATE, ...progress };
}
