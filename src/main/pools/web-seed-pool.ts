/**
 * The thread that fetches from the web seeds (BEP 19) of all torrents: Piscina pool C, with one task that stays pending. It
 * starts with the first torrent that has web seeds, and ends with the session. A thread that dies is replaced. The new thread
 * claims under a new id, and starts the same torrents again.
 */
import type { Route } from '../../shared/http-visitor.ts';
import type { ShardId, TorrentId } from '../../shared/indices.ts';
import { MAX_WEB_SEED_DEATHS, SHARD_STOP_TIMEOUT_MS } from '../../shared/limits.ts';
import type { RateMemory } from '../../shared/rate-bucket.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import { webSeedsOwner } from '../../shared/slot-owner.ts';
import type {
  WebSeedCommand,
  WebSeedEvent,
  WebSeedTask,
  WebSeedTorrent,
} from '../../shared/web-seed-messages.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import { WEB_SEED_FILE } from '../worker-files.ts';
import { type TaskLine, type TaskThreads, taskThreads } from './task-threads.ts';
import { ThreadPool } from './thread-pool.ts';
import { WebSeeds, type WebSeedsListener } from './web-seeds.ts';

export type WebSeedThreads = TaskThreads<Omit<WebSeedTask<unknown>, 'port'>, WebSeedCommand, WebSeedEvent>;

export interface WebSeedPoolOptions {
  readonly route: Route;
  readonly clientName: string;
  /** The download limit, which shards also use; null: none. */
  readonly rate?: RateMemory | null;
  /** The worker file; tests wrap it. */
  readonly workerFile?: URL;
  /** The threads; a simulation provides its own. */
  readonly threads?: WebSeedThreads;
  readonly world?: MainWorld;
}

interface Entry {
  readonly task: WebSeedTorrent;
  readonly seeds: WebSeeds;
  readonly onOwnerGone: (owner: ShardId) => void;
  /** True after the request to remove it. */
  isLeaving: boolean;
  readonly gone: Promise<void>;
  readonly goes: () => void;
}

interface Life {
  readonly owner: ShardId;
  readonly line: TaskLine<WebSeedCommand>;
  readonly done: Promise<void>;
}

export class WebSeedPool {
  readonly #options: WebSeedPoolOptions;
  readonly #threads: WebSeedThreads;
  readonly #world: MainWorld;
  readonly #torrents = new Map<TorrentId, Entry>();
  #life: Life | null = null;
  #deaths = 0;
  #lastError: unknown = null;
  #stopping = false;

  constructor(options: WebSeedPoolOptions) {
    this.#options = options;
    this.#world = options.world ?? SYSTEM_MAIN;
    const file = options.workerFile ?? WEB_SEED_FILE;
    this.#threads =
      options.threads ?? taskThreads(() => new ThreadPool({ file, threads: 1, between: 'loop' }));
  }

  /** Starts to fetch for this torrent, until its web seeds are stopped. */
  add(torrent: TorrentId, task: WebSeedTorrent, listener: WebSeedsListener): WebSeeds {
    let goes = (): void => {};
    const gone = new Promise<void>((resolve) => {
      goes = resolve;
    });
    const seeds = new WebSeeds(task.urls, listener, {
      convict: (seed, piece) => this.#send({ type: 'convict', torrent, seed, piece }),
      networkBack: () => this.#send({ type: 'network-back' }),
      remove: () => this.#remove(torrent),
    });
    const onOwnerGone = (owner: ShardId): void => listener.onOwnerGone(owner);
    this.#torrents.set(torrent, { task, seeds, onOwnerGone, isLeaving: false, gone, goes });
    if (this.#life !== null) this.#send({ type: 'add', torrent, task });
    else if (!this.#isHopeless) this.#start();
    else queueMicrotask(() => seeds.lost(this.#lastError));
    return seeds;
  }

  /** Threads died again and again: a new one does not help. */
  get #isHopeless(): boolean {
    return this.#deaths > MAX_WEB_SEED_DEATHS;
  }

  /** Ends the thread, by force if it does not end in time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ type: 'stop' });
    if (this.#life !== null) await settledWithin(this.#life.done, SHARD_STOP_TIMEOUT_MS, this.#world.later);
    this.#life?.line.close();
    await this.#threads.end();
    for (const torrent of [...this.#torrents.keys()]) this.#gone(torrent);
  }

  async #remove(torrent: TorrentId): Promise<void> {
    const entry = this.#torrents.get(torrent);
    if (entry === undefined) return;
    entry.isLeaving = true;
    this.#send({ type: 'remove', torrent });
    await settledWithin(entry.gone, SHARD_STOP_TIMEOUT_MS, this.#world.later);
    // If the thread answers later, nothing waits for the answer.
    this.#torrents.delete(torrent);
  }

  #start(): void {
    const { route, clientName, rate = null } = this.#options;
    const owner = webSeedsOwner(this.#deaths);
    let stopped = (): void => {};
    // Full pieces may still be in the port when the task resolves: the last message of the thread shows that all have arrived.
    const lastWord = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const line = this.#threads.start({ owner, route, clientName, rate }, (event) => {
      if (event.type === 'stopped') return stopped();
      this.#torrents.get(event.torrent)?.seeds.hear(event);
      if (event.type === 'removed') this.#gone(event.torrent);
    });
    const done = line.ended.then(
      () => lastWord,
      (error: unknown) => this.#died(error),
    );
    this.#life = { owner, line, done };
    for (const [torrent, { task }] of this.#torrents) this.#send({ type: 'add', torrent, task });
  }

  /** Takes the claims of the dead thread back before the new one can claim the same pieces. */
  #died(error: unknown): void {
    if (this.#life === null || this.#stopping) return;
    const { owner, line } = this.#life;
    line.close();
    this.#life = null;
    this.#deaths += 1;
    this.#lastError = error;
    for (const [torrent, entry] of this.#torrents)
      if (entry.isLeaving) this.#gone(torrent, owner);
      else entry.onOwnerGone(owner);
    if (!this.#isHopeless && this.#torrents.size > 0) this.#start();
    for (const { seeds } of this.#torrents.values())
      if (this.#isHopeless) seeds.lost(error);
      else seeds.replaced(error);
  }

  #gone(torrent: TorrentId, owner = this.#life?.owner): void {
    const entry = this.#torrents.get(torrent);
    if (entry === undefined) return;
    this.#torrents.delete(torrent);
    if (owner !== undefined) entry.onOwnerGone(owner);
    entry.goes();
  }

  #send(command: WebSeedCommand): void {
    this.#life?.line.post(command);
  }
}
