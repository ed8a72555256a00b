import { availableParallelism } from 'node:os';
import { DEFAULT_MAX_SHARDS } from '../../shared/limits.ts';

/** Half of the cores race and receive. The rest is for hashing and the kernel. */
export function defaultThreads(): number {
  return Math.min(DEFAULT_MAX_SHARDS, Math.max(1, availableParallelism() >> 1));
}
