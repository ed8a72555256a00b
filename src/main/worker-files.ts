/**
 * The files of the threads and processes that main starts. This file stays at the top of `src/main`: it is bundled to
 * `dist/main`, and the paths below must be right from both.
 */
const at = (path: string): URL => new URL(path, import.meta.url);

export const SHARD_FILE = at('../workers/shard/peer-shard.js');
export const STORAGE_FILE = at('../workers/storage/storage-thread.js');
export const WEB_SEED_FILE = at('../workers/web-seeds/web-seed-task.js');
export const SWARM_FILE = at('../swarm/swarm-process.js');
