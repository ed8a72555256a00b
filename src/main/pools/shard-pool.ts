/**
 * The peer shards of a session: Piscina pool A, one task per thread that stays pending as long as its shard lives. A shard
 * that dies is replaced under a new id; what it held is given to the new one by each torrent.
 */
import { type ShardId, shardId, type TorrentId } from '../../shared/indices.ts';
import { SHARD_STOP_TIMEOUT_MS } from '../../shared/limits.ts';
import type { ShardCommand, ShardEvent, ShardTask } from '../../shared/messages.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import type { ShardLoad } from '../../shared/shard-load.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import { ListeningPort } from './listening-port.ts';
import { shardThreads } from './shard-threads.ts';
import { type TaskLine, type TaskThreads, taskThreads } from './task-threads.ts';
import { type ShardLine, TorrentShards, type TorrentShardsListener } from './torrent-shards.ts';

type Task = Omit<ShardTask<unknown>, 'port'>;

/** Everything about a shard's task but its own id, port and share. */
export type ShardTemplate = Omit<Task, 'shard' | 'share'>;

export type ShardThreads = TaskThreads<Task, ShardCommand, ShardEvent>;

export interface ShardPoolOptions {
  readonly shards: number;
  readonly template: ShardTemplate;
  readonly shareOf: (position: number) => Task['share'];
  /** The worker file; tests put their own around it. */
  readonly workerFile?: URL;
  /** The threads; a simulation brings its own. */
  readonly threads?: ShardThreads;
  readonly world?: MainWorld;
}

/** Deaths, over the whole session, after which a pool is hopeless. */
const MAX_SHARD_DEATHS = 5;

/** Before a thread has said anything. */
const NO_LOAD: ShardLoad = { shortages: 0, activeMs: 0, lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0 };

interface Running {
  readonly id: ShardId;
  readonly line: TaskLine<ShardCommand>;
  readonly done: Promise<void>;
  load: ShardLoad;
}

export class ShardPool implements ShardLine {
  readonly #options: ShardPoolOptions;
  readonly #threads: ShardThreads;
  readonly #world: MainWorld;
  readonly #running: Running[] = [];
  readonly #torrents = new Map<TorrentId, TorrentShards>();
  readonly #listening: ListeningPort;
  #nextId = 1;
  #nextTorrent = 1;
  #deaths = 0;
  #reachable: Extract<ShardCommand, { type: 'reachable' }> | null = null;
  /** Why there is nothing to hope for; null where there is. */
  #hopeless: { readonly error: unknown } | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    this.#world = options.world ?? SYSTEM_MAIN;
    this.#threads = options.threads ?? taskThreads(() => shardThreads(options.shards, options.workerFile));
    this.#listening = new ListeningPort({
      size: options.shards,
      send: (position, command) => this.post(position, command),
      reserve: this.#world.reservePort,
    });
    for (let position = 0; position < options.shards; position++) this.#start(position);
  }

  get size(): number {
    return this.#options.shards;
  }

  /** The torrent is on all shards from here on, until it leaves. */
  enter(listener: TorrentShardsListener): TorrentShards {
    const id = this.#nextTorrent++ as TorrentId;
    const torrent = new TorrentShards(id, this, listener);
    this.#torrents.set(id, torrent);
    const hopeless = this.#hopeless;
    // Not in this turn: the torrent has no listeners yet.
    if (hopeless !== null) this.#world.soon(() => torrent.hopeless(hopeless.error));
    return torrent;
  }

  /** How many shards accept connections. */
  get listeningThreads(): number {
    return this.#listening.threads;
  }

  /** Accepts connections. Resolves to the port; rejects with the system's error. `sharedUtp`: as in the command. */
  listen(port: number, host: string | null, sharedUtp = true): Promise<number> {
    return this.#listening.open(port, host, sharedUtp);
  }

  /** Peers reach us there; each shard tells its peers (BEP 10 `p`). As in the command. */
  reachableAt(port: number, routerPort: number | null, isOpen: boolean): void {
    this.#reachable = { type: 'reachable', port, routerPort, isOpen };
    for (const position of this.#running.keys()) this.post(position, this.#reachable);
  }

  /** The network of this machine is back: lost peers are dialled again as if they had just been lost. */
  networkBack(): void {
    for (const { line } of this.#running) line.post({ type: 'network-back' });
  }

  idOf(position: number): ShardId {
    return this.#at(position).id;
  }

  loadOf(position: number): ShardLoad {
    return this.#at(position).load;
  }

  post(position: number, command: ShardCommand): void {
    this.#at(position).line.post(command);
  }

  forget(torrent: TorrentId): void {
    this.#torrents.delete(torrent);
  }

  /** Tells all shards to close their peers and waits for it; ends threads by force that do not. May be asked for more than once. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const { line } of this.#running) line.post({ type: 'stop' });
    const all = Promise.all(this.#running.map(({ done }) => done));
    await settledWithin(all, SHARD_STOP_TIMEOUT_MS, this.#world.later);
    for (const { line } of this.#running) line.close();
    await this.#threads.end();
  }

  #start(position: number): void {
    const id = shardId(this.#nextId++);
    const task = { ...this.#options.template, shard: id, share: this.#options.shareOf(position) };
    let stopped = (): void => {};
    // Events still in the port when the task resolves must be heard, so the shard's own last word ends it.
    const lastWord = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const line = this.#threads.start(task, (event) => {
      if (event.type === 'stopped') stopped();
      this.#hear(position, event);
    });
    const done = line.ended.then(
      () => lastWord,
      (error: unknown) => this.#lost(position, id, error),
    );
    this.#running[position] = { id, line, done, load: NO_LOAD };
  }

  #hear(position: number, event: ShardEvent): void {
    if ('torrent' in event) return this.#torrents.get(event.torrent)?.hear(position, event);
    if (event.type === 'listening') this.#listening.heard(position, event);
    if (event.type === 'load') this.#at(position).load = event.load;
  }

  #lost(position: number, id: ShardId, error: unknown): void {
    if (this.#stopped !== null) return;
    this.#at(position).line.close();
    if (this.#hopeless !== null) return;
    this.#deaths += 1;
    if (this.#deaths > MAX_SHARD_DEATHS) {
      this.#hopeless = { error };
      for (const torrent of this.#torrents.values()) torrent.hopeless(error);
      return;
    }
    this.#start(position);
    this.#listening.replaced(position);
    if (this.#reachable !== null) this.post(position, this.#reachable);
    for (const torrent of this.#torrents.values()) torrent.replaced(position, id, error);
  }

  #at(position: number): Running {
    const running = this.#running[position];
    if (running === undefined) throw new RangeError(`no shard at ${position}`);
    return running;
  }
}
