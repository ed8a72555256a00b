/** A job that a worker has, over BullMQ. Its token proves to the server that the lock is ours. */
import type { Job } from 'bullmq';
import { type Queues, TryAgain } from './bullmq.ts';
import { readJobData, stateOf } from './fleet-job.ts';
import type { HeldJob } from './fleet-queue.ts';
import type { JobNames } from './job-names.ts';
import type { Records } from './records.ts';
import { LostJob } from './until-back.ts';

/** What BullMQ says of a job that is not ours any more, or is gone. */
const LOST = /missing lock|lock mismatch|missing key|missing job|not (?:in the )?active/i;

export interface Holding {
  readonly queues: {
    readonly bullmq: Pick<Queues['bullmq'], 'UnrecoverableError'>;
    readonly jobs: Pick<Queues['jobs'], 'getJob' | 'getJobState'>;
  };
  readonly records: Pick<Records, 'waitFor'>;
  readonly names: Pick<JobNames, 'claim'>;
  readonly token: string;
  readonly lockMs: number;
}

export function heldJob(job: Job, holding: Holding): HeldJob {
  const { queues, records, names, token, lockMs } = holding;
  const id = job.id ?? '';
  const { attempts = 1, backoff } = job.opts;
  const backoffMs = typeof backoff === 'object' ? (backoff.delay ?? 0) : 0;
  const renew = async (): Promise<boolean> => Number(await job.extendLock(token, lockMs)) === 1;
  /** The server changes the state of a job for everybody, and a call may have waited for the server while others got the job. */
  const report: HeldJob['report'] = async (state) => {
    if (!(await renew())) throw new LostJob('the lock is gone');
    await ours(() => job.updateProgress({ ...state }));
  };
  const completed = (): Promise<void> => ours(() => job.moveToCompleted(null, token, false));
  return {
    id,
    data: readJobData(job.data),
    state: stateOf(job.progress),
    attempt: job.attemptsStarted,
    failed: job.attemptsMade,
    wishes: { attempts, backoffMs },
    renew,
    claim: (ids) => names.claim(id, ids),
    report,
    complete: (state) =>
      unlessDone(
        async () => {
          await report(state);
          await completed();
        },
        async () => {
          const now = await queues.jobs.getJob(id);
          const isOurs = now?.attemptsStarted === job.attemptsStarted;
          return isOurs && (await queues.jobs.getJobState(id)) === 'completed';
        },
      ),
    leave: () => {
      job.opts.removeOnComplete = true;
      return unlessDone(completed, async () => (await queues.jobs.getJob(id)) === undefined);
    },
    fail: async (failure, state, afterMs) => {
      await report(state);
      const error =
        afterMs === null
          ? new queues.bullmq.UnrecoverableError(failure.message)
          : new TryAgain(failure.message, Math.max(1, afterMs));
      await ours(() => job.moveToFailed(error, token, false));
    },
    putBack: async (at, state) => {
      await report(state);
      if (state.waitsFor !== null && state.waitsFor.at > Date.now())
        await records.waitFor(state.waitsFor.machine, id);
      await ours(() => (at > Date.now() ? job.moveToDelayed(at, token) : job.moveToWait(token)));
    },
  };
}

async function ours(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && LOST.test(error.message))
      throw new LostJob(error.message, { cause: error });
    throw error;
  }
}

/** The answer to a call may be lost. Repeated, it finds no lock, because the first one has done all. */
async function unlessDone(work: () => Promise<void>, isDone: () => Promise<boolean>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LostJob) || !(await isDone())) throw error;
  }
}
