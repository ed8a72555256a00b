/** The web seeds of a torrent (BEP 19) as the main thread sees them: Piscina pool C, one thread for all of them. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ShardId } from '../shared/indices.ts';
import { SHARD_STOP_TIMEOUT_MS } from '../shared/limits.ts';
import type { FullPiece } from '../shared/messages.ts';
import type { WebSeedCommand, WebSeedEvent, WebSeedTask } from '../shared/web-seed-messages.ts';
import { settledWithin } from './patience.ts';
import { redactedUrl } from './text.ts';
import { ThreadPool } from './thread-pool.ts';

/** The owner of what web seeds claim, beyond the ids of all shards. */
export const WEB_SEEDS = 0x7f_0000 as ShardId;

export interface WebSeedsListener {
  onFull(pieces: readonly FullPiece[]): void;
  /** A web seed is not asked any more. */
  onSeedLost(url: string, reason: string): void;
  /** The thread died; what it had claimed is void. */
  onThreadLost(error: unknown): void;
}

/** What one web seed gave. */
export interface WebSeedYield {
  /** Fit to be shown. */
  readonly url: string;
  readonly bytes: number;
  /** Why it was given up; null where it was not. */
  readonly lostTo: string | null;
}

export class WebSeeds {
  readonly #listener: WebSeedsListener;
  readonly #threads: ThreadPool<WebSeedTask<MessagePort>, void>;
  readonly #port: MessagePort;
  readonly #done: Promise<void>;
  readonly #yields: { readonly url: string; bytes: number; lostTo: string | null }[];
  #alive = true;
  #stopped: () => void = () => {};

  constructor(task: Omit<WebSeedTask<MessagePort>, 'port' | 'shard'>, listener: WebSeedsListener) {
    this.#listener = listener;
    this.#yields = task.urls.map((url) => ({ url: redactedUrl(url), bytes: 0, lostTo: null }));
    this.#threads = new ThreadPool({
      file: new URL('../workers/web-seeds/web-seed-thread.js', import.meta.url),
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

  get bytes(): number {
    return this.#yields.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get yields(): readonly WebSeedYield[] {
    return this.#yields;
  }

  /** The web seed sent bad data. */
  convict(seed: number): void {
    this.#send({ type: 'convict', seed });
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
      case 'seed-lost': {
        const seed = this.#yields[event.seed];
        if (seed === undefined) return;
        seed.lostTo = event.reason;
        if (this.#alive) this.#listener.onSeedLost(seed.url, event.reason);
        return;
      }
      case 'stopped':
        this.#stopped();
        return;
    }
  }
}
