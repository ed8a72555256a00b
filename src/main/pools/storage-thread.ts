/** A storage thread as the pool sees it, and the source of threads, time and delays. A simulation provides its own. */
import { monotonicMs } from '../../shared/clock.ts';
import type { StorageCommand, StorageResult, StorageThreadSetup } from '../../shared/storage-messages.ts';
import { STORAGE_FILE } from '../worker-files.ts';
import { ThreadPool } from './thread-pool.ts';

export interface StorageThread {
  /** One command at a time. Rejects if the thread died or met a bug of ours; after that it knows no torrent. */
  run(command: StorageCommand): Promise<StorageResult>;
  end(): Promise<void>;
}

export interface StorageWorld {
  start(setup: StorageThreadSetup): StorageThread;
  /** Milliseconds. */
  now(): number;
  /** Returns a function that cancels it. The delay does not keep the process alive. */
  later(ms: number, work: () => void): () => void;
}

export const systemStorage: StorageWorld = {
  // A Piscina pool of one thread: Piscina cannot address one of several threads.
  start: (workerData) =>
    new ThreadPool<StorageCommand, StorageResult>({
      file: STORAGE_FILE,
      threads: 1,
      between: 'sleep',
      workerData,
    }),
  now: monotonicMs,
  later: (ms, work) => {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
};
