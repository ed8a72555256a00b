/** What `unchoke fleet status` and the metrics say: one look at the queue. */
import { FLEET_SILENT_MS, MAX_FLEET_LISTED_JOBS } from '../../shared/limits.ts';
import type { Bytes, BytesPerSecond, Count, JobId, Milliseconds } from '../quantities.ts';
import type { FleetQueue, MachineRecord } from './fleet-queue.ts';

export interface FleetJobLine {
  readonly infoHash: JobId;
  readonly name: string;
  /** What its run does. */
  readonly phase: string;
  readonly bytes: Bytes;
  /** 0 while it is not known. */
  readonly totalBytes: Bytes;
  readonly rate: BytesPerSecond;
}

export interface FleetMachine {
  readonly name: string;
  readonly version: string;
  readonly slots: Count;
  /** Torrents that are complete and given to peers. */
  readonly seeds: Count;
  readonly downRate: BytesPerSecond;
  readonly upRate: BytesPerSecond;
  /** It takes no more jobs and ends. */
  readonly isDraining: boolean;
  /** Milliseconds since it said this, by the clocks of both machines. */
  readonly ageMs: Milliseconds;
  /** It has said nothing for a minute. */
  readonly isSilent: boolean;
  readonly jobs: readonly FleetJobLine[];
}

export interface FailedJob {
  readonly infoHash: JobId;
  readonly name: string;
  /** The code of the failure, as in the event `error`; null if no worker could say it. */
  readonly code: string | null;
  readonly message: string;
  /** The likeliest reason, as `doctor` says it. */
  readonly why: string | null;
  readonly machine: string | null;
}

export interface FleetStatus {
  /** The name of the queue, and where it is. */
  readonly queue: string;
  readonly host: string;
  readonly isPaused: boolean;
  readonly waiting: Count;
  readonly active: Count;
  /** They wait for their time: after a failed try, or for the machine that has their data. */
  readonly delayed: Count;
  readonly done: Count;
  readonly failed: Count;
  readonly machines: readonly FleetMachine[];
  /** The newest of those that failed. */
  readonly failedJobs: readonly FailedJob[];
}

export async function fleetStatus(
  queue: FleetQueue,
  { name, host }: { readonly name: string; readonly host: string },
  now = Date.now(),
): Promise<FleetStatus> {
  const [counts, isPaused, machines, failed] = await Promise.all([
    queue.counts(),
    queue.isPaused(),
    queue.machines(),
    queue.failed(MAX_FLEET_LISTED_JOBS),
  ]);
  return {
    ...{ queue: name, host, isPaused },
    ...counts,
    machines: machines.map((record) => machineOf(record, now)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    failedJobs: failed.map(({ id, name, state: { failure } }) => ({
      infoHash: id,
      name,
      code: failure?.code ?? null,
      message: failure?.message ?? 'no machine said why',
      why: failure?.why ?? null,
      machine: failure?.machine ?? null,
    })),
  };
}

function machineOf({ machine, at, jobs, ...record }: MachineRecord, now: number): FleetMachine {
  const ageMs = Math.max(0, now - at);
  const isSilent = ageMs >= FLEET_SILENT_MS;
  return {
    ...record,
    name: machine,
    ageMs,
    isSilent,
    downRate: isSilent ? 0 : record.downRate,
    upRate: isSilent ? 0 : record.upRate,
    jobs: jobs.map(({ id, ...job }) => ({ infoHash: id, ...job })),
  };
}
