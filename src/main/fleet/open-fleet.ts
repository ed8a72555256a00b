/** The queue of a fleet over BullMQ: for commands that look and change, and for workers. */
import { randomBytes } from 'node:crypto';
import type { Job } from 'bullmq';
import { Failure } from '../failure.ts';
import { away, openQueues, type Queues } from './bullmq.ts';
import { callOwn } from './call-own.ts';
import { readJobData, stateOf } from './fleet-job.ts';
import type { FleetQueue, ListedJob, WorkerQueue } from './fleet-queue.ts';
import { heldJob } from './held-job.ts';
import { type JobName, JobNames } from './job-names.ts';
import type { QueueAddress } from './queue-address.ts';
import { Records } from './records.ts';

/** BullMQ asks `bullmq.ts` for the wait. */
const BACKOFF = 'fleet';
/** With PostgreSQL, jobs that wait in a paused queue are `paused`; its type does not say so. */
const STATES = [
  ...(['waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed'] as const),
  'paused' as 'waiting',
];
/** Rejects with a `queue` failure, or with a usage failure that names missing packages. */
export async function openFleet(address: QueueAddress): Promise<FleetQueue> {
  const queues = await openQueues(address, null);
  const { jobs } = queues;
  const records = new Records(queues.records);
  const names = jobNames(queues);
  const asked = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw away(address, error);
    }
  };
  return {
    add: (data, { priority, attempts, backoffMs }) =>
      asked(() =>
        names.enter(data.ids, (jobId) =>
          jobs.add('torrent', data, {
            jobId,
            ...(priority === 0 ? {} : { priority }),
            attempts,
            backoff: { type: BACKOFF, delay: backoffMs },
          }),
        ),
      ),
    counts: () =>
      asked(async () => {
        const all = await jobs.getJobCounts(...STATES);
        const of = (state: string): number => all[state] ?? 0;
        return {
          waiting: of('waiting') + of('prioritized') + of('paused'),
          active: of('active'),
          delayed: of('delayed'),
          done: of('completed'),
          failed: of('failed'),
        };
      }),
    isPaused: () => asked(() => jobs.isPaused()),
    failed: (most) => asked(async () => (await jobs.getFailed(0, most - 1)).filter(Boolean).map(listed)),
    machines: () => asked(() => records.machines()),
    pause: () => asked(() => jobs.pause()),
    resume: () => asked(() => jobs.resume()),
    retry: (hash) =>
      asked(async () => {
        const id = await names.find([hash]);
        const job = id === null ? undefined : await jobs.getJob(id);
        if (job === undefined) return 'absent';
        if (!(await job.isFailed())) return 'other';
        await job.retry('failed', { resetAttemptsMade: true });
        return 'done';
      }),
    retryAll: () =>
      asked(async () => {
        let count = 0;
        for (;;) {
          const failed = (await jobs.getFailed(0, 99)).filter(Boolean);
          if (failed.length === 0) return count;
          for (const job of failed) await job.retry('failed', { resetAttemptsMade: true });
          count += failed.length;
        }
      }),
    remove: (hash) =>
      asked(async () => {
        const removed = await names.remove(hash);
        if (typeof removed === 'string') return removed;
        await records.waitsNoMore(removed.id);
        return 'done';
      }),
    close: () => queues.close(),
  };
}

/** For a worker. Later calls reject while the server is away; the caller repeats them. */
export async function openWorker(
  address: QueueAddress,
  lockMs: number,
  onTrouble: (text: string) => void,
): Promise<WorkerQueue> {
  let told = '';
  const queues = await openQueues(address, {
    lockMs,
    onTrouble: (error) => {
      const { message } = away(address, error);
      if (message !== told) onTrouble(message);
      told = message;
    },
  });
  const { worker, jobs } = queues;
  if (worker === null) throw new Error('these queues were opened without a worker');
  const records = new Records(queues.records);
  const names = jobNames(queues);
  await worker.startStalledCheckTimer();
  return {
    lockMs,
    take: async () => {
      const token = randomBytes(12).toString('hex');
      const job = (await worker.getNextJob(token, { block: false })) as Job | undefined;
      told = '';
      if (job === undefined) return null;
      const taken = heldJob(job, { queues, records, names, token, lockMs });
      if (taken.state.waitsFor !== null) await records.waitsNoMore(taken.id).catch(() => {});
      return taken;
    },
    say: (record) => records.say(record),
    callOwn: (machine) =>
      callOwn(machine, records, {
        stateOf: (id) => jobs.getJobState(id),
        toFront: async (id) => {
          const job = await jobs.getJob(id);
          await job?.promote();
          await job?.changePriority({ priority: 0, lifo: true });
        },
      }),
    forget: (machine) => records.forget(machine),
    close: () => queues.close(),
  };
}

function jobNames({ jobs, names }: Queues): JobNames {
  return new JobNames({
    look: async (id) => {
      const state = await jobs.getJobState(id);
      if (state === 'unknown') return 'absent';
      return state === 'failed' ? 'failed' : 'other';
    },
    // BullMQ removes no job that is locked.
    remove: async (id) => (await jobs.remove(id)) !== 0,
    named: async (hash) => ((await names.getJob(hash))?.data as JobName | undefined) ?? null,
    name: async (hash, name) => void (await names.add('name', name, { jobId: hash })),
    unname: async (hash) => void (await names.remove(hash)),
  });
}

function listed(job: Job): ListedJob {
  return { id: job.id ?? '', name: readJobData(job.data).name, state: stateOf(job.progress) };
}
