/**
 * The peer shards: Piscina pool A, one task per thread that stays pending as long as its shard lives. A shard that dies
 * is replaced under a new id; what it held is the caller's to give to the new one.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type ShardId, shardId } from '../../shared/indices.ts';
import { SHARD_STOP_TIMEOUT_MS } from '../../shared/limits.ts';
import type { ShardCommand, ShardEvent, ShardStats, ShardTask, ShardTorrent } from '../../shared/messages.ts';
import { fastestOf, type PeerRate } from '../../shared/peer-rate.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import { type ShardThreads, shardThreads } from './shard-threads.ts';

/** Everything about a shard's task but its own id and port. */
export type ShardTemplate = Omit<ShardTask<MessagePort>, 'shard' | 'port' | 'share'>;

export interface ShardPoolOptions {
  readonly shards: number;
  readonly template: ShardTemplate;
  readonly shareOf: (position: number) => ShardTask<MessagePort>['share'];
  readonly onEvent: (position: number, event: ShardEvent) => void;
  /** The thread died; `lost` is the id under which it claimed pieces. A replacement runs already. */
  readonly onLost: (position: number, lost: ShardId, error: unknown) => void;
  /** Shards keep dying: something is wrong that a new thread does not mend. */
  readonly onHopeless: (error: unknown) => void;
  /** The worker file; tests put their own around it. */
  readonly workerFile?: URL;
}

/** Deaths, over the whole run, after which a pool is hopeless. */
const MAX_SHARD_DEATHS = 5;

interface Running {
  readonly id: ShardId;
  readonly port: MessagePort;
  readonly done: Promise<void>;
}

export class ShardPool {
  readonly #options: ShardPoolOptions;
  readonly #threads: ShardThreads;
  readonly #running: Running[] = [];
  readonly #stats: (ShardStats | null)[] = [];
  readonly #fastest: (readonly PeerRate[])[] = [];
  /** Told to every shard, and to those that come in the place of dead ones. */
  #torrent: ShardTorrent | null = null;
  #nextId = 1;
  #deaths = 0;
  #stopping = false;

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    this.#threads = shardThreads(options.shards, options.workerFile);
    for (let position = 0; position < options.shards; position++) this.#start(position);
  }

  get size(): number {
    return this.#options.shards;
  }

  /** The last counters of each shard, by position. */
  get stats(): readonly (ShardStats | null)[] {
    return this.#stats;
  }

  /** Who gives most, of all shards. */
  get fastest(): readonly PeerRate[] {
    return fastestOf(this.#fastest.flat());
  }

  idOf(position: number): ShardId {
    return this.#at(position).id;
  }

  send(position: number, command: ShardCommand): void {
    this.#at(position).port.postMessage(command);
  }

  broadcast(command: ShardCommand): void {
    for (const { port } of this.#running) port.postMessage(command);
  }

  setTorrent(torrent: ShardTorrent): void {
    this.#torrent = torrent;
    this.broadcast({ type: 'torrent', torrent });
  }

  /** Tells all shards to close their peers and waits for it; ends threads by force that do not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.broadcast({ type: 'stop' });
    await settledWithin(Promise.all(this.#running.map(({ done }) => done)), SHARD_STOP_TIMEOUT_MS);
    for (const { port } of this.#running) port.close();
    await this.#threads.end();
  }

  #start(position: number): void {
    const { port1, port2 } = new MessageChannel();
    const id = shardId(this.#nextId++);
    const task = {
      ...this.#options.template,
      shard: id,
      share: this.#options.shareOf(position),
      port: port2,
    };
    let stopped = (): void => {};
    // Events still in the port when the task resolves must be heard, so the shard's own last word ends it.
    const lastWord = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    port1.on('message', (event: ShardEvent) => {
      if (event.type === 'stats') this.#stats[position] = event.stats;
      if (event.type === 'fastest') this.#fastest[position] = event.peers;
      if (event.type === 'stopped') stopped();
      this.#options.onEvent(position, event);
    });
    const done = this.#threads.run(task, [port2]).then(
      () => lastWord,
      (error: unknown) => this.#lost(position, id, error),
    );
    this.#stats[position] = null;
    this.#fastest[position] = [];
    this.#running[position] = { id, port: port1, done };
    if (this.#torrent !== null) this.send(position, { type: 'torrent', torrent: this.#torrent });
  }

  #lost(position: number, id: ShardId, error: unknown): void {
    if (this.#stopping) return;
    this.#at(position).port.close();
    this.#deaths += 1;
    if (this.#deaths > MAX_SHARD_DEATHS) return this.#options.onHopeless(error);
    this.#start(position);
    this.#options.onLost(position, id, error);
  }

  #at(position: number): Running {
    const running = this.#running[position];
    if (running === undefined) throw new RangeError(`no shard at ${position}`);
    return running;
  }
}
