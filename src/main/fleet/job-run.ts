/** One job on this machine: its download as a run of the session, under a lease, with its progress in the job. */
import { systemMoment } from '../../shared/lease.ts';
import { FLEET_REPORT_MS } from '../../shared/limits.ts';
import { EXIT_STATUS, Failure } from '../failure.ts';
import type { Session } from '../session/session.ts';
import type { TorrentSettings } from '../session/settings.ts';
import { TorrentRun } from '../session/torrent-run.ts';
import { printable } from '../text/foreign-text.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { keysOf } from '../torrent/source.ts';
import type { JobFailure, JobState } from './fleet-job.ts';
import type { HeldJob } from './fleet-queue.ts';
import { JobDoctor } from './job-doctor.ts';
import { fateOf } from './job-fate.ts';
import { goneBack, handedOver, type PlaceRules } from './job-place.ts';
import { sourceOf } from './job-source.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LostJob, unlessAborted, untilBack } from './until-back.ts';

export interface JobRunOptions {
  readonly job: HeldJob;
  readonly session: Session;
  /** Of all jobs of this machine. */
  readonly torrent: TorrentSettings;
  readonly queueName: string;
  readonly lockMs: number;
  readonly place: () => PlaceRules;
  readonly onNews: (text: string) => void;
  /** Aborts when a server that is away is waited for no longer. */
  readonly signal: AbortSignal;
}

/** How it ended for the queue. `lost`: it was not ours any more. `same`: another job does the same torrent. */
export type JobEnd = 'complete' | 'handed-over' | 'failed' | 'lost' | 'same';

export class JobRun {
  readonly #options: JobRunOptions;
  readonly #keeper: LeaseKeeper;
  readonly #stop = new AbortController();
  #run: TorrentRun | null = null;
  /** Resolves when nothing of the run is left. */
  #ended: Promise<unknown> = Promise.resolve();
  #doctor: JobDoctor | null = null;
  #state: JobState;
  #lostTo: string | null = null;
  #sameAs: string | null = null;
  /** The report that is on its way; null if none is. */
  #reporting: Promise<void> | null = null;
  #endReports: () => void = () => {};
  #given: Promise<void> = Promise.resolve();

  constructor(options: JobRunOptions) {
    const { job, session, lockMs } = options;
    this.#options = options;
    this.#state = { ...job.state, waitsFor: null, avoids: null };
    this.#keeper = new LeaseKeeper({
      job,
      lockMs,
      now: systemMoment,
      every: session.world.every,
      onLost: (reason) => {
        this.#lostTo = reason;
        this.#stop.abort();
      },
    });
  }

  get id(): string {
    return this.#options.job.id;
  }

  get name(): string {
    return this.#options.job.data.name;
  }

  /** As of this moment. */
  get state(): JobState {
    if (this.#run !== null && this.#state.phase !== 'complete' && this.#state.phase !== 'waiting')
      this.#look(this.#phase);
    return this.#state;
  }

  /** The job that does the same torrent; null if this one does it. */
  get sameAs(): string | null {
    return this.#sameAs;
  }

  /** Writes that came too late and were refused. */
  get refusedWrites(): number {
    return this.#keeper.lease.refused;
  }

  /** Bytes of blocks that peers got. */
  get uploaded(): number {
    return this.#run?.swarm.race.totals.sentBytes ?? 0;
  }

  /** Resolves when a torrent that is complete is no longer given to peers. */
  get given(): Promise<void> {
    return this.#given;
  }

  /** Ends it in order: what is verified is flushed, and the job goes back to the queue. A seed ends. */
  handOver(): void {
    this.#stop.abort();
  }

  /** Resolves when the slot is free. A complete torrent may be given to peers from then on. Rejects with a bug of ours. */
  async run(): Promise<JobEnd> {
    const { session, place, signal } = this.#options;
    try {
      if (!(await unlessAborted(this.#keeper.begin(), signal))) return await this.#lost();
      this.#state = { ...this.#state, machine: place().machine, phase: 'searching' };
      this.#report();
      this.#endReports = session.world.every(FLEET_REPORT_MS, () => this.#report());
      return await this.#work();
    } catch (error) {
      if (error instanceof LostJob) return await this.#lost();
      await this.#halt();
      throw error;
    } finally {
      this.#endReports();
      this.#keeper.stop();
    }
  }

  async #work(): Promise<JobEnd> {
    if (!(await this.#claim(this.#options.job.data.ids))) return this.#leave();
    let run: TorrentRun;
    try {
      run = this.#begun();
    } catch (error) {
      return this.#failed(error);
    }
    const seeds = new Promise<'seeds'>((resolve) => {
      run.subscribe({
        onEvent: ({ type }) => {
          if (type === 'complete' && run.phase === 'seeding') resolve('seeds');
        },
      });
    });
    const ended = run.run(this.#stop.signal);
    this.#ended = ended;
    const first = await Promise.race([seeds, ended]);
    if (this.#sameAs !== null) return this.#leave();
    if (first === 'seeds') this.#given = ended.then(() => {});
    if (first === 'seeds' || first.kind === 'complete') return this.#complete();
    return first.kind === 'failed' ? this.#failed(first.error) : this.#handOver();
  }

  #begun(): TorrentRun {
    const { job, session, torrent, queueName, onNews } = this.#options;
    const { select, trackers } = job.data;
    const run = new TorrentRun({
      source: sourceOf(job.data),
      settings: { ...torrent, select, tracker: [...torrent.tracker, ...trackers] },
      session,
      tenure: {
        lease: this.#keeper.lease.memory,
        fence: { job: `${queueName}/${job.id}`, attempt: job.attempt },
        admit: (metainfo) => this.#admit(metainfo),
      },
    });
    run.subscribe({ onNews: (text) => onNews(`${this.name}: ${text}`) });
    this.#run = run;
    this.#doctor = new JobDoctor(run);
    return run;
  }

  /** A link may have had one of the two info hashes of a hybrid. */
  async #admit(metainfo: Metainfo): Promise<void> {
    const ids = keysOf({ kind: 'torrent', metainfo });
    const isKnown = ids.every((id) => this.#options.job.data.ids.includes(id));
    if (!isKnown && !(await this.#claim(ids))) this.#stop.abort();
  }

  /** False if another job does the torrent. */
  async #claim(ids: readonly string[]): Promise<boolean> {
    const { job, signal } = this.#options;
    const owner = await untilBack(() => job.claim(ids), signal);
    if (owner !== job.id) this.#sameAs = owner;
    return owner === job.id;
  }

  async #leave(): Promise<JobEnd> {
    this.#look('waiting');
    await this.#tell(() => this.#options.job.leave());
    return 'same';
  }

  /** The lock is kept until the queue knows that the job is complete. */
  async #complete(): Promise<JobEnd> {
    const { job } = this.#options;
    this.#look('complete');
    this.#keeper.completing();
    await this.#tell(() => job.complete(this.#state));
    this.#keeper.keepForGood();
    return 'complete';
  }

  async #failed(error: unknown): Promise<JobEnd> {
    if (this.#lostTo !== null) return this.#lost();
    // A write came too late, but the lock may be ours still.
    if (error instanceof Failure && error.code === 'interrupted') return this.#handOver();
    const { job, place, onNews } = this.#options;
    // Another job may have got its torrent meanwhile, by the other hash.
    if (!(await this.#claim(job.data.ids))) return this.#leave();
    const { machine, now } = place();
    const failure = failureOf(error, this.#doctor?.why ?? null, machine);
    const { attempts, backoffMs } = job.wishes;
    const fate = fateOf(failure.code, { failed: job.failed + 1, most: attempts, backoffMs });
    const avoidMs = fate.kind === 'again' ? fate.avoidMs : 0;
    this.#look('waiting');
    // Where the disk is full, nobody waits for the data.
    const waitsFor = avoidMs === 0 ? null : { machine, at: now };
    const avoids = avoidMs === 0 ? null : { machine, at: now + avoidMs };
    this.#state = { ...goneBack(this.#state, waitsFor), failure, avoids };
    onNews(`${this.name}: ${failure.message}`);
    await this.#tell(() => job.fail(failure, this.#state, fate.kind === 'again' ? fate.afterMs : null));
    if (failure.code === 'bug') throw error;
    return 'failed';
  }

  async #handOver(): Promise<JobEnd> {
    if (this.#lostTo !== null) return this.#lost();
    const { job, place } = this.#options;
    this.#look('waiting');
    const rules = place();
    const state = handedOver(this.#state, rules);
    await this.#tell(() => job.putBack(state.waitsFor?.at ?? rules.now, state));
    return 'handed-over';
  }

  async #lost(): Promise<JobEnd> {
    const why = this.#lostTo ?? 'the queue gave the job to others';
    this.#keeper.lease.end();
    await this.#halt();
    this.#options.onNews(
      `${this.name}: stopped, because ${why}; writes refused since: ${this.refusedWrites}`,
    );
    return 'lost';
  }

  /** A torrent that is complete may be given to peers while the queue is told so. */
  async #halt(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** The last word about the job, after all reports: one that came later would say that we still have it. */
  async #tell(call: () => Promise<void>): Promise<void> {
    const { signal } = this.#options;
    this.#endReports();
    await unlessAborted(this.#reporting ?? Promise.resolve(), signal);
    await untilBack(call, signal);
  }

  get #phase(): JobState['phase'] {
    const phase = this.#run?.phase ?? 'searching';
    return phase === 'seeding' ? 'complete' : phase;
  }

  /** Notes how far the run is. */
  #look(phase: JobState['phase']): void {
    const run = this.#run;
    const download = run?.job?.download;
    this.#state = {
      ...this.#state,
      phase,
      bytes: download?.bytes.verified ?? this.#state.bytes,
      totalBytes: download?.bytes.wanted ?? this.#state.totalBytes,
      rate: Math.round(run?.figures.rate ?? 0),
    };
  }

  /** A server that is away must not pile up reports. */
  #report(): void {
    if (this.#reporting !== null || this.#keeper.lease.isOver) return;
    this.#look(this.#phase);
    const over = (): void => {
      this.#reporting = null;
    };
    // If it fails, the next one says more.
    this.#reporting = this.#options.job.report(this.#state).then(over, over);
  }
}

function failureOf(error: unknown, why: string | null, machine: string): JobFailure {
  const code = error instanceof Failure ? error.code : 'bug';
  // Names in it may have characters that a database does not take.
  const message = printable(error instanceof Error ? error.message : String(error));
  return { code, exitStatus: EXIT_STATUS[code], message, why, machine };
}
