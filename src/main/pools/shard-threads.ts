/** The threads of the peer shards. They can start before it is known what they will race for. */
import type { MessagePort } from 'node:worker_threads';
import { SHARD_YOUNG_MIB } from '../../shared/limits.ts';
import type { ShardTask } from '../../shared/messages.ts';
import { SHARD_FILE } from '../worker-files.ts';
import { defaultThreads } from './default-threads.ts';
import { ThreadPool } from './thread-pool.ts';

type ShardThreadPool = ThreadPool<ShardTask<MessagePort>, void>;

let early: { readonly count: number; readonly threads: ShardThreadPool } | null = null;

/** Starts the default number of threads early. */
export function startShardThreads(): void {
  const count = defaultThreads();
  early = { count, threads: pool(count, SHARD_FILE) };
}

/** The threads that were started early, once and if their number fits; else new ones. `workerFile`: instead of the shard's. */
export function shardThreads(count: number, workerFile?: URL): ShardThreadPool {
  if (workerFile !== undefined || early?.count !== count) return pool(count, workerFile ?? SHARD_FILE);
  const { threads } = early;
  early = null;
  return threads;
}

/** Ends early threads that were not used: they must not outlive the command. */
export async function endUnusedShardThreads(): Promise<void> {
  await early?.threads.end();
}

function pool(threads: number, file: URL): ShardThreadPool {
  return new ThreadPool({ file, threads, between: 'loop', youngMiB: SHARD_YOUNG_MIB });
}
