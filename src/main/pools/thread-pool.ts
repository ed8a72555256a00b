/** A Piscina pool of one worker file and a fixed number of threads, that ends without harm. */
import { once } from 'node:events';
import type { MessagePort, Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { THREAD_START_TIMEOUT_MS } from '../../shared/limits.ts';
import { settledWithin } from '../../shared/settled-within.ts';

export interface ThreadPoolOptions {
  readonly file: URL;
  readonly threads: number;
  /**
   * What a thread does between two tasks: `sleep` in Atomics.wait, which wakes it fastest, or stay in its event `loop`,
   * without which its sockets and timers would stand still.
   */
  readonly between: 'sleep' | 'loop';
  /** Given to every thread at its start. */
  readonly workerData?: unknown;
}

export class ThreadPool<Task, Result> {
  readonly #piscina: Piscina<Task, Result>;
  readonly #loaded = new WeakSet<Worker>();

  constructor({ file, threads, between, workerData }: ThreadPoolOptions) {
    this.#piscina = new Piscina<Task, Result>({
      filename: file.href,
      minThreads: threads,
      maxThreads: threads,
      workerData,
      atomics: between === 'sleep' ? 'sync' : 'disabled',
    });
    // The first threads are called created before they have loaded; those that come in the place of dead ones, after.
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
   * Ends all threads. One that is still loading is waited for: Node 20 aborts the whole process where a thread is ended
   * in the middle of a `require` of an ES module (assertion in ModuleWrap::CreateRequiredModuleFacade).
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
