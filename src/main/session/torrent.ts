/**
 * A torrent of a session, for as long as the session has it: it runs, pauses, goes on and ends. Each stretch between two pauses
 * is a run (`torrent-run.ts`), which begins with what the last one left on disk.
 */
import { type Deferred, deferred } from '../../shared/deferred.ts';
import { Failure } from '../failure.ts';
import type { InfoHash } from '../quantities.ts';
import { namesOf, type Source } from '../torrent/source.ts';
import { type Ending, resultOf } from './ending.ts';
import { EventStream } from './event-stream.ts';
import type { TorrentEvent } from './events.ts';
import { NO_RUN } from './run-sums.ts';
import type { Session } from './session.ts';
import type { TorrentSettings } from './settings.ts';
import type { DownloadResult, Torrent, TorrentFile, TorrentState, TorrentStats } from './torrent-api.ts';
import { TorrentRun } from './torrent-run.ts';

/** The session of a torrent. */
export interface TorrentPlace {
  /** All that its metadata says is known. */
  onKnown(source: Source): void;
  /** Nothing of it is left, and the session may forget it. */
  onRemoved(): void;
}

const ALONE: TorrentPlace = { onKnown: () => {}, onRemoved: () => {} };

export class SessionTorrent implements Torrent {
  readonly infoHash: InfoHash;
  /** With what peers have sent of a magnet link: a further run need not ask for it again. */
  #source: Source;
  readonly #settings: TorrentSettings;
  readonly #session: Session;
  readonly #place: TorrentPlace;
  readonly #added: number;
  readonly #completed: Deferred<DownloadResult> = deferred();
  readonly #finished: Deferred<void> = deferred();
  readonly #listeners = new Set<(event: TorrentEvent) => void>();
  readonly #streams = new Set<EventStream>();
  #run: TorrentRun | null = null;
  #stop = new AbortController();
  #stopped: Promise<void> = Promise.resolve();
  /** What it is while no run of it is: before the first one it is about to search. */
  #rest: 'searching' | 'paused' | 'complete' | 'failed' | 'removed' = 'searching';
  /** Who called last decides: `resume` waits for the run before it, and a `pause` meanwhile takes it back. */
  #mayRun = true;
  /** From the call of `remove` on: no further run begins. */
  #isLeaving = false;
  #last: TorrentStats | null = null;
  #earlier = NO_RUN;

  /** It begins by `begin`. */
  constructor(source: Source, settings: TorrentSettings, session: Session, place: TorrentPlace = ALONE) {
    this.#source = source;
    this.#settings = settings;
    this.#session = session;
    this.#added = session.world.now();
    this.#place = place;
    this.infoHash = namesOf(source).infoHash;
    // A program that asks for it hears of it; one that does not must not end by it.
    this.#completed.promise.catch(() => {});
    this.#finished.promise.catch(() => {});
  }

  get name(): string {
    return this.#run?.metainfo?.name ?? namesOf(this.#source).name;
  }

  get state(): TorrentState {
    return this.#run?.phase ?? this.#rest;
  }

  get stats(): TorrentStats {
    if (this.#run !== null) this.#last = this.#statsOf(this.#run);
    const nothing = { bytes: 0, totalBytes: 0, downloaded: 0, reused: 0, uploaded: 0, rate: 0 };
    const noPeers = { known: 0, connected: 0, unchoked: 0 };
    return { ...nothing, ...noPeers, ...this.#last, state: this.state };
  }

  get completed(): Promise<DownloadResult> {
    return this.#completed.promise;
  }

  /** Resolves when it is no longer given to peers either. Rejects if it failed or was removed, also after it was complete. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  on(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  events(): AsyncIterableIterator<TorrentEvent> {
    const stream = new EventStream(() => this.#streams.delete(stream));
    if (this.#isOver) stream.end();
    else this.#streams.add(stream);
    return stream;
  }

  file(path: string): TorrentFile {
    const download = this.#run?.job?.download;
    if (download === undefined)
      throw new Failure('usage', `${path}: the torrent does not download now, it is ${this.state}`);
    return download.readers.file(path);
  }

  async pause(): Promise<void> {
    if (this.#rest === 'searching') this.#rest = 'paused';
    this.#mayRun = false;
    this.#stop.abort();
    await this.#stopped;
  }

  async resume(): Promise<void> {
    this.#mayRun = true;
    await this.#stopped;
    if (this.#run === null && this.#rest === 'paused' && this.#mayRun && !this.#isLeaving) this.#begin();
  }

  async remove(): Promise<void> {
    await this.end(removed());
    if (this.#rest === 'removed') return;
    this.#rest = 'removed';
    this.#place.onRemoved();
  }

  /** It fails for this reason, unless it is over, and no further run begins. */
  async end(reason: Failure): Promise<void> {
    this.#isLeaving = true;
    await this.pause();
    if (!this.#isOver) this.#fail(reason);
  }

  /** It is complete, failed or removed. */
  get #isOver(): boolean {
    return this.#rest !== 'searching' && this.#rest !== 'paused';
  }

  /** Once, by the session that has it. */
  begin(): void {
    if (this.#rest === 'searching' && !this.#isLeaving) this.#begin();
  }

  /** `before`: the run that yielded its memory. The new one waits until there is some again. */
  #begin(before: TorrentRun | null = null): void {
    before?.watch.goOn();
    this.#rest = 'paused';
    this.#stop = new AbortController();
    const run = new TorrentRun({
      source: this.#source,
      settings: this.#settings,
      session: this.#session,
      yields: true,
      earlier: this.#earlier,
      ...(before === null ? {} : { watch: before.watch }),
    });
    this.#run = run;
    run.subscribe({
      onEvent: (event) => {
        if (event.type === 'metadata' && run.metainfo !== null)
          this.#place.onKnown({ ...this.#source, metainfo: run.metainfo });
        this.#emit(event);
        // One that is not given to peers is complete when its run has ended.
        if (event.type === 'complete' && this.#settings.seed !== null)
          this.#complete(run, this.#statsOf(run));
      },
      isListening: () => this.#streams.size + this.#listeners.size > 0,
    });
    this.#stopped = this.#ended(run, this.#stop.signal);
  }

  async #ended(run: TorrentRun, signal: AbortSignal): Promise<void> {
    // Nobody waits for this promise before the torrent is paused or removed, so what is thrown must become an end.
    const ending = await run.run(signal).catch((error: unknown): Ending => ({ kind: 'failed', error }));
    this.#last = { ...this.#statsOf(run), rate: 0 };
    this.#earlier = run.sums;
    if (run.metainfo !== null) this.#source = { ...this.#source, metainfo: run.metainfo };
    this.#run = null;
    if (ending.kind === 'failed') return this.#fail(ending.error);
    // A seed that is paused goes on when it is resumed.
    const isPaused = this.#settings.seed !== null && signal.aborted;
    if (ending.kind === 'complete' && !isPaused) this.#over(run);
    if (ending.kind === 'yielded' && this.#mayRun && !this.#isLeaving) this.#begin(run);
  }

  #over(run: TorrentRun): void {
    this.#rest = 'complete';
    this.#complete(run, this.#earlier);
    this.#finished.resolve();
    this.#endStreams();
  }

  /** It may go on as a seed. */
  #complete(run: TorrentRun, { downloaded, reused }: Pick<TorrentStats, 'downloaded' | 'reused'>): void {
    const ms = this.#session.world.now() - this.#added;
    this.#completed.resolve({ ...resultOf(this.#source, run.job), downloaded, reused, ms });
  }

  #fail(error: unknown): void {
    this.#rest = 'failed';
    this.#completed.reject(error);
    this.#finished.reject(error);
    this.#endStreams();
  }

  #endStreams(): void {
    for (const stream of [...this.#streams]) stream.end();
  }

  #emit(event: TorrentEvent): void {
    for (const stream of this.#streams) stream.push(event);
    for (const listener of this.#listeners) listener(event);
  }

  #statsOf(run: TorrentRun): TorrentStats {
    const { race } = run.swarm;
    const download = run.job?.download ?? null;
    const { choked, unchoked } = race.totals;
    const { downloaded, reused, uploaded } = run.sums;
    return {
      state: run.phase,
      bytes: download?.bytes.verified ?? 0,
      totalBytes: download?.bytes.wanted ?? 0,
      ...{ downloaded, reused, uploaded },
      rate: run.figures.rate,
      known: race.peers.knownCount,
      connected: choked + unchoked,
      unchoked,
    };
  }
}

function removed(): Failure {
  return new Failure(
    'interrupted',
    'the torrent was removed from the session; if it is added again, it goes on with what is there',
  );
}
