/** A Piscina pool with one worker file and a fixed number of threads. It can end at any time without crashing Node. */
import { once } from 'node:events';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { THREAD_START_TIMEOUT_MS } from '../../shared/limits.ts';
import { settledWithin } from '../../shared/settled-within.ts';

export interface ThreadPoolOptions {
  readonly file: URL;
  readonly threads: number;
  /**
   * What a thread does between two tasks. `sleep` in Atomics.wait: it wakes fastest. Or stay in its event `loop`: otherwise its
   * sockets and timers would stand still.
   */
  readonly between: 'sleep' | 'loop';
  /** Given to every thread at its start. */
  readonly workerData?: unknown;
  /** The most memory for new objects of each thread, MiB; 48 if it is not given, as Node has it. */
  readonly youngMiB?: number;
}

export class ThreadPool<Task, Result> {
  readonly #piscina: Piscina<Task, Result>;
  readonly #loaded = new WeakSet<Worker>();

  constructor({ file, threads, between, workerData, youngMiB }: ThreadPoolOptions) {
    this.#piscina = new Piscina<Task, Result>({
      filename: file.href,
      minThreads: threads,
      maxThreads: threads,
      workerData,
      ...(youngMiB === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngMiB } }),
      atomics: between === 'sleep' ? 'sync' : 'disabled',
    });
    // Piscina reports the first threads before they have loaded, and replacements of dead ones after it.
    const first = new Set(this.#piscina.threads);
    for (const thread of first) thread.once('message', () => this.#loaded.add(thread));
    this.#piscina.on('workerCreate', ({ id }: { id: number }) => {
      const thread = this.#piscina.threads.find(({ threadId }) => threadId === id);
      if (thread !== undefined && !first.has(thread)) this.#loaded.add(thread);
    });
  }

  run(task: Task, transferred: readonly MessagePort[] = []): Promise<Result> {
    return this.#piscina.run(task, { transferList: [...transferred] });
  }

  /**
   * Ends all threads. It waits for a thread that is still loading: Node 20 aborts the process if a thread is ended during a
   * `require` of an ES module (assertion in ModuleWrap::CreateRequiredModuleFacade).
   */
  async end(): Promise<void> {
    const loading = this.#piscina.threads.filter((thread) => !this.#loaded.has(thread));
    await settledWithin(Promise.allSettled(loading.map(loadedOrGone)), THREAD_START_TIMEOUT_MS);
    await this.#piscina.destroy();
  }
}

function loadedOrGone(thread: Worker): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const either = Promise.race([once(thread, 'message', { signal }), once(thread, 'exit', { signal })]);
  return either.finally(() => over.abort());
}
