/** A machine calls back the jobs that wait for it, because it has their data. */
import type { Records } from './records.ts';

export interface WaitingJobs {
  stateOf(id: string): Promise<string>;
  /** Before all that wait: what was begun is finished first. */
  toFront(id: string): Promise<void>;
}

export async function callOwn(
  machine: string,
  records: Pick<Records, 'waitingFor' | 'waitsNoMore'>,
  jobs: WaitingJobs,
): Promise<void> {
  for (const id of await records.waitingFor(machine)) {
    const state = await jobs.stateOf(id);
    // It is on its way back, and the record is written before it waits. Or a machine has taken it, which removes the record itself.
    if (state === 'active') continue;
    // Another machine may take it, or remove it, at this moment.
    if (state === 'delayed') await jobs.toFront(id).catch(() => {});
    await records.waitsNoMore(id);
  }
}
