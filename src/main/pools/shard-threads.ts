/** The threads of the peer shards, which may be asked for before anybody knows what they are to race for. */
import type { MessagePort } from 'node:worker_threads';
import type { ShardTask } from '../../shared/messages.ts';
import { SHARD_FILE } from '../worker-files.ts';
import { defaultThreads } from './default-threads.ts';
import { ThreadPool } from './thread-pool.ts';

type ShardThreadPool = ThreadPool<ShardTask<MessagePort>, void>;

let early: { readonly count: number; readonly threads: ShardThreadPool } | null = null;

/** As many as there are where the user says nothing. */
export function startShardThreads(): void {
  const count = defaultThreads();
  early = { count, threads: pool(count, SHARD_FILE) };
}

/** Those that were started early, once and if they are as many; else new ones. `workerFile`: another than the shard's own. */
export function shardThreads(count: number, workerFile?: URL): ShardThreadPool {
  if (workerFile !== undefined || early?.count !== count) return pool(count, workerFile ?? SHARD_FILE);
  const { threads } = early;
  early = null;
  return threads;
}

/** Those that nobody took must not outlive the command. */
export async function endUnusedShardThreads(): Promise<void> {
  await early?.threads.end();
}

function pool(threads: number, file: URL): ShardThreadPool {
  return new ThreadPool({ file, threads, between: 'loop' });
}
