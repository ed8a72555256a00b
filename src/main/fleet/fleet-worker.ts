/** One machine of the fleet: takes jobs while it has free slots, and ends in order. */

import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { deferred } from '../../shared/deferred.ts';
import { FLEET_BEAT_MS, FLEET_SERVER_RETRY_MS, FLEET_TAKE_MS } from '../../shared/limits.ts';
import { VERSION } from '../network/identity.ts';
import type { Session } from '../session/session.ts';
import type { TorrentSettings } from '../session/settings.ts';
import type { HeldJob, MachineRecord, WorkerQueue } from './fleet-queue.ts';
import { type PlaceRules, placeOf } from './job-place.ts';
import { type JobEnd, JobRun } from './job-run.ts';
import { GaveUp, LostJob, unlessAborted, untilBack } from './until-back.ts';

export interface FleetWorkerOptions {
  readonly queue: WorkerQueue;
  readonly queueName: string;
  readonly session: Session;
  readonly torrent: TorrentSettings;
  readonly machine: string;
  readonly slots: number;
  readonly affinityMs: number;
  readonly onNews: (text: string) => void;
  readonly onTaken: (run: JobRun) => void;
  readonly onEnded: (run: JobRun, end: JobEnd) => void;
  readonly onRecord: (record: MachineRecord) => void;
}

/** `finish`: downloads go on to their end, and no new one begins. `hand-over`: they go back to the queue. */
export type Drain = 'finish' | 'hand-over';

export class FleetWorker {
  readonly #options: FleetWorkerOptions;
  /** Downloads, and complete torrents that are given to peers, each with its end. */
  readonly #running = new Map<JobRun, Promise<void>>();
  readonly #seeds = new Map<JobRun, Promise<void>>();
  /** Aborts when no more jobs are taken. */
  readonly #draining = new AbortController();
  /** Aborts when the server is waited for no longer. */
  readonly #leaving = new AbortController();
  #slotFree = deferred<void>();
  #bug: { readonly error: unknown } | null = null;
  #uploadedOfGone = 0;
  #uploadedBefore = 0;
  #isSaying = false;

  constructor(options: FleetWorkerOptions) {
    this.#options = options;
    // Each job that waits for the server listens.
    setMaxListeners(0, this.#draining.signal, this.#leaving.signal);
  }

  /** Resolves when it has ended in order, after `drain`. Rejects with a bug of ours. */
  async run(): Promise<void> {
    const { session, queue, machine } = this.#options;
    const endBeats = session.world.every(FLEET_BEAT_MS, () => void this.#beat());
    void this.#beat();
    try {
      while (!this.#draining.signal.aborted) await this.#next();
      await Promise.all(this.#running.values());
      for (const seed of this.#seeds.keys()) seed.handOver();
      await Promise.all(this.#seeds.values());
    } finally {
      endBeats();
    }
    await Promise.race([queue.forget(machine).catch(() => {}), after(FLEET_SERVER_RETRY_MS)]);
    if (this.#bug !== null) throw this.#bug.error;
  }

  /** May be called again to hand over what should have been finished. */
  drain(how: Drain): void {
    this.#draining.abort();
    this.#slotFree.resolve();
    if (how === 'finish') return;
    for (const run of this.#all) run.handOver();
  }

  /** What is told to a server that is away is given up: after their locks, the jobs go to others. */
  leave(): void {
    this.#leaving.abort();
  }

  async #next(): Promise<void> {
    const { slots, queue, machine } = this.#options;
    if (this.#running.size >= slots) {
      this.#slotFree = deferred();
      return this.#slotFree.promise;
    }
    const { signal } = this.#draining;
    // All free workers ask once a second, and this one asks right after it has called its own jobs back.
    const taking = queue.callOwn(machine).then(() => queue.take());
    const job = await unlessAborted(taking, signal).catch((error: unknown) => {
      // The server is away, or the drain began: then a job that comes late goes back.
      if (error instanceof GaveUp)
        taking.then((late) => late?.putBack(Date.now(), late.state)).catch(() => {});
      return null;
    });
    if (job !== null) return this.#place(job);
    await after(FLEET_TAKE_MS, undefined, { signal }).catch(() => {});
  }

  async #place(job: HeldJob): Promise<void> {
    const rules = this.#rules();
    const place = this.#draining.signal.aborted
      ? { kind: 'later' as const, at: rules.now, state: job.state }
      : placeOf(job.state, rules);
    if (place.kind === 'here') return this.#begin(job);
    await untilBack(() => job.putBack(place.at, place.state), this.#leaving.signal).catch((error) => {
      // Its lock expires, and then it is offered again.
      if (!(error instanceof LostJob)) this.#options.onNews(`${job.data.name}: ${String(error)}`);
    });
  }

  #begin(job: HeldJob): void {
    const { session, torrent, queueName, queue, onNews, onTaken } = this.#options;
    const run = new JobRun({
      ...{ job, session, torrent, queueName, onNews },
      lockMs: queue.lockMs,
      place: () => this.#rules(),
      signal: this.#leaving.signal,
    });
    onTaken(run);
    this.#running.set(run, this.#work(run));
  }

  async #work(run: JobRun): Promise<void> {
    try {
      const end = await run.run();
      this.#running.delete(run);
      this.#options.onEnded(run, end);
      if (end === 'complete') return this.#seed(run);
      this.#uploadedOfGone += run.uploaded;
    } catch (error) {
      this.#running.delete(run);
      if (this.#leaving.signal.aborted) return;
      this.#bug ??= { error };
      this.drain('hand-over');
    } finally {
      this.#slotFree.resolve();
    }
  }

  /** It needs no slot. */
  #seed(run: JobRun): void {
    const given = run.given.finally(() => {
      this.#seeds.delete(run);
      this.#uploadedOfGone += run.uploaded;
    });
    this.#seeds.set(run, given);
  }

  get #all(): JobRun[] {
    return [...this.#running.keys(), ...this.#seeds.keys()];
  }

  #rules(): PlaceRules {
    const { machine, affinityMs } = this.#options;
    return { machine, affinityMs, now: Date.now() };
  }

  /** Says that it lives. */
  async #beat(): Promise<void> {
    if (this.#isSaying) return;
    this.#isSaying = true;
    const { queue, onRecord } = this.#options;
    try {
      const record = this.#record();
      onRecord(record);
      await queue.say(record);
    } catch {
      // The server is away; the next beat tries again.
    } finally {
      this.#isSaying = false;
    }
  }

  #record(): MachineRecord {
    const { machine, slots } = this.#options;
    const jobs = [...this.#running.keys()].map(({ id, name, state }) => {
      const { phase, bytes, totalBytes, rate } = state;
      return { id, name, phase, bytes, totalBytes, rate };
    });
    const live = this.#all.reduce((sum, run) => sum + run.uploaded, 0);
    const uploaded = this.#uploadedOfGone + live;
    const upRate = Math.max(0, Math.round(((uploaded - this.#uploadedBefore) * 1_000) / FLEET_BEAT_MS));
    this.#uploadedBefore = uploaded;
    return {
      ...{ machine, slots, jobs, upRate },
      version: VERSION,
      seeds: this.#seeds.size,
      downRate: jobs.reduce((sum, { rate }) => sum + rate, 0),
      isDraining: this.#draining.signal.aborted,
      at: Date.now(),
    };
  }
}
