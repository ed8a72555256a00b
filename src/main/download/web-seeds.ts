/** The web seeds of a torrent (BEP 19) as the main thread sees them: Piscina pool C, one thread for all of them. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { PieceIndex, ShardId } from '../../shared/indices.ts';
import { SHARD_STOP_TIMEOUT_MS } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { settledWithin } from '../../shared/settled-within.ts';
import type { WebSeedCommand, WebSeedEvent, WebSeedTask } from '../../shared/web-seed-messages.ts';
import { ThreadPool } from '../pools/thread-pool.ts';
import { redactedUrl } from '../text/foreign-text.ts';
import { WEB_SEED_FILE } from '../worker-files.ts';

/** The owner of what web seeds claim, beyond the ids of all shards. */
export const WEB_SEEDS = 0x7f_0000 as ShardId;

export interface WebSeedsListener {
  onFull(pieces: readonly FullPiece[]): void;
  /** A web seed has none of the pieces that are missing. */
  onSeedLost(url: string, reason: string): void;
  /** A web seed failed, and is asked again after `ms`. */
  onSeedWaits(url: string, reason: string, ms: number): void;
  /** No web seed has this file, by its position among those of the task. */
  onFileUnavailable(file: number, reason: string): void;
  /** The thread died; what it had claimed is void. */
  onThreadLost(error: unknown): void;
}

/** What one web seed gave. */
export interface WebSeedYield {
  /** Fit to be shown. */
  readonly url: string;
  readonly bytes: number;
  /** Why it has nothing of what is missing; null where it has some. */
  readonly lostTo: string | null;
}

export class WebSeeds {
  readonly #listener: WebSeedsListener;
  readonly #threads: ThreadPool<WebSeedTask<MessagePort>, void>;
  readonly #port: MessagePort;
  readonly #done: Promise<void>;
  readonly #yields: { readonly url: string; bytes: number; lostTo: string | null }[];
  /** Which web seeds lack which file. */
  readonly #lacking = new Map<number, Set<number>>();
  #wastedBytes = 0;
  #busy = false;
  #alive = true;
  #stopped: () => void = () => {};

  constructor(task: Omit<WebSeedTask<MessagePort>, 'port' | 'shard'>, listener: WebSeedsListener) {
    this.#listener = listener;
    this.#yields = task.urls.map((url) => ({ url: redactedUrl(url), bytes: 0, lostTo: null }));
    this.#threads = new ThreadPool({
      file: WEB_SEED_FILE,
      threads: 1,
      between: 'loop',
    });
    // Full pieces still in the port when the task resolves must be heard.
    const lastWord = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (event: WebSeedEvent) => this.#hear(event));
    this.#done = this.#threads.run({ ...task, shard: WEB_SEEDS, port: port2 }, [port2]).then(
      () => lastWord,
      (error: unknown) => {
        if (!this.#alive) return;
        this.#alive = false;
        listener.onThreadLost(error);
      },
    );
  }

  /** True while one of them may still give something. */
  get hopeful(): boolean {
    return this.#alive && this.#yields.some(({ lostTo }) => lostTo === null);
  }

  /** One of them is there, and said that it cannot answer yet. */
  get busy(): boolean {
    return this.#busy && this.hopeful;
  }

  /** None of those that ever gave anything has a piece that is missing, and some said so. */
  get fruitless(): boolean {
    return (
      this.#yields.some(({ lostTo }) => lostTo !== null) &&
      this.#yields.every(({ bytes, lostTo }) => lostTo !== null || bytes === 0)
    );
  }

  get bytes(): number {
    return this.#yields.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Received twice or unasked, or thrown away. */
  get wastedBytes(): number {
    return this.#wastedBytes;
  }

  get yields(): readonly WebSeedYield[] {
    return this.#yields;
  }

  /** The web seed sent a bad block of this piece. */
  convict(seed: number, piece: PieceIndex): void {
    this.#send({ type: 'convict', seed, piece });
  }

  /** The network was away, and is back. */
  networkBack(): void {
    this.#send({ type: 'network-back' });
  }

  async stop(): Promise<void> {
    this.#alive = false;
    this.#send({ type: 'stop' });
    await settledWithin(this.#done, SHARD_STOP_TIMEOUT_MS);
    this.#port.close();
    await this.#threads.end();
  }

  #send(command: WebSeedCommand): void {
    this.#port.postMessage(command);
  }

  #hear(event: WebSeedEvent): void {
    switch (event.type) {
      case 'full':
        this.#listener.onFull(event.pieces);
        return;
      case 'fetched': {
        const seed = this.#yields[event.seed];
        if (seed !== undefined) seed.bytes = event.bytes;
        return;
      }
      case 'wasted':
        this.#wastedBytes = event.bytes;
        return;
      case 'seed-lost': {
        const seed = this.#yields[event.seed];
        if (seed === undefined) return;
        seed.lostTo = event.reason;
        if (this.#alive && event.reason !== null) this.#listener.onSeedLost(seed.url, event.reason);
        return;
      }
      case 'seed-waits': {
        const seed = this.#yields[event.seed];
        this.#busy ||= event.answers;
        if (seed !== undefined && this.#alive) this.#listener.onSeedWaits(seed.url, event.reason, event.ms);
        return;
      }
      case 'file-lost': {
        const lacking = this.#lacking.get(event.file) ?? new Set();
        this.#lacking.set(event.file, lacking.add(event.seed));
        if (this.#alive && lacking.size === this.#yields.length)
          this.#listener.onFileUnavailable(event.file, event.reason);
        return;
      }
      case 'stopped':
        this.#stopped();
        return;
    }
  }
}
