/**
 * Small records beside the jobs, for all machines: which machines there are, and which job waits for which machine. They are entries
 * of a queue that nobody works on, so they need nothing of the server that the jobs do not need.
 */
import type { Job, Queue } from 'bullmq';
import type { MachineRecord } from './fleet-queue.ts';

/** A machine that has said nothing for a day is forgotten. */
const FORGOTTEN_MS = 86_400_000;
const MOST_RECORDS = 10_000;

export class Records {
  readonly #queue: Queue;

  constructor(queue: Queue) {
    this.#queue = queue;
  }

  async say(record: MachineRecord): Promise<void> {
    const id = machineId(record.machine);
    await this.#queue.add('machine', {}, { jobId: id });
    await this.#queue.updateJobProgress(id, record);
  }

  async forget(machine: string): Promise<void> {
    await this.#queue.remove(machineId(machine));
  }

  async machines(): Promise<MachineRecord[]> {
    const said = (await this.#all())
      .filter(({ name }) => name === 'machine')
      .map(({ progress }) => progress as unknown as MachineRecord | number)
      .filter((progress) => typeof progress === 'object');
    const old = said.filter(({ at }) => Date.now() - at > FORGOTTEN_MS);
    for (const { machine } of old) await this.forget(machine);
    return said.filter((record) => !old.includes(record));
  }

  async waitFor(machine: string, job: string): Promise<void> {
    await this.waitsNoMore(job);
    await this.#queue.add('wait', { machine, job }, { jobId: waitId(job) });
  }

  async waitsNoMore(job: string): Promise<void> {
    await this.#queue.remove(waitId(job));
  }

  /** Jobs that wait for this machine. */
  async waitingFor(machine: string): Promise<string[]> {
    return (await this.#all())
      .filter(({ name, data }) => name === 'wait' && data.machine === machine)
      .map(({ data }) => String(data.job));
  }

  async #all(): Promise<Job[]> {
    const jobs = await this.#queue.getJobs(['waiting', 'prioritized', 'delayed'], 0, MOST_RECORDS);
    // One that was removed meanwhile.
    return jobs.filter((job) => job !== undefined && job !== null);
  }
}

const machineId = (machine: string): string => `machine-${machine}`;
const waitId = (job: string): string => `wait-${job}`;
