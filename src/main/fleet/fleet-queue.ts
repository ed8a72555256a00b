/**
 * The queue as the fleet sees it. `open-fleet.ts` is the one implementation; nothing else knows what is behind it. Calls reject with
 * a `queue` failure if the server does not answer, except those of a worker, which waits for it.
 */
import type { JobData, JobFailure, JobState } from './fleet-job.ts';

/** What `unchoke fleet add` says of a job beside the torrent. */
export interface JobWishes {
  /** 0 is before 1, and so on. */
  readonly priority: number;
  /** Tries that may fail. */
  readonly attempts: number;
  /** The wait after the first one; it doubles. */
  readonly backoffMs: number;
}

/** A job that this worker has, until it ends it or its lock expires. */
export interface HeldJob {
  readonly id: string;
  readonly data: JobData;
  readonly state: JobState;
  /** Grows each time that a worker takes the job. */
  readonly attempt: number;
  /** Tries that failed before, and what was wished. */
  readonly failed: number;
  readonly wishes: Pick<JobWishes, 'attempts' | 'backoffMs'>;
  /** The lock lasts its time from now on. Resolves to false if it is lost: another worker may have the job. */
  renew(): Promise<boolean>;
  /** Its torrent has these info hashes. Resolves to the id of the job that does it: this one, unless another one was first. */
  claim(ids: readonly string[]): Promise<string>;
  report(state: JobState): Promise<void>;
  complete(state: JobState): Promise<void>;
  /** `afterMs`: when it is tried again; null: never. */
  fail(failure: JobFailure, state: JobState, afterMs: number | null): Promise<void>;
  /** Another job does its torrent: it is forgotten. */
  leave(): Promise<void>;
  /** It goes back until `at` of the calendar, without a failed try. */
  putBack(at: number, state: JobState): Promise<void>;
}

export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  /** They wait for their time: after a failure, or for the machine that has their data. */
  readonly delayed: number;
  readonly done: number;
  readonly failed: number;
}

export interface ListedJob {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
}

/** What a worker says of itself every few seconds. */
export interface MachineRecord {
  readonly machine: string;
  readonly version: string;
  readonly slots: number;
  readonly seeds: number;
  /** Bytes per second. */
  readonly downRate: number;
  readonly upRate: number;
  readonly isDraining: boolean;
  readonly jobs: readonly {
    readonly id: string;
    readonly name: string;
    readonly phase: JobState['phase'];
    readonly bytes: number;
    readonly totalBytes: number;
    readonly rate: number;
  }[];
  /** Milliseconds of its calendar. */
  readonly at: number;
}

/** For those who add jobs and look at them. */
export interface FleetQueue {
  /** Resolves to the id of the job, and whether it is new. */
  add(data: JobData, wishes: JobWishes): Promise<{ readonly id: string; readonly isNew: boolean }>;
  counts(): Promise<JobCounts>;
  isPaused(): Promise<boolean>;
  /** The newest first. */
  failed(most: number): Promise<readonly ListedJob[]>;
  machines(): Promise<readonly MachineRecord[]>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** By any info hash of its torrent. `absent`: there is no such job; `other`: it has not failed. */
  retry(hash: string): Promise<'done' | 'absent' | 'other'>;
  /** All that have failed; resolves to their number. */
  retryAll(): Promise<number>;
  /** By any info hash of its torrent. `active`: a worker has it. */
  remove(hash: string): Promise<'done' | 'absent' | 'active'>;
  close(): Promise<void>;
}

/** For a worker. */
export interface WorkerQueue {
  readonly lockMs: number;
  /** Null if there is none now. */
  take(): Promise<HeldJob | null>;
  say(record: MachineRecord): Promise<void>;
  /** Jobs that wait for this machine can be taken now. */
  callOwn(machine: string): Promise<void>;
  /** The worker ends in order. */
  forget(machine: string): Promise<void>;
  close(): Promise<void>;
}
