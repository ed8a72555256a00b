import { availableParallelism } from 'node:os';
import { DEFAULT_MAX_SHARDS } from '../../shared/limits.ts';

/** Half the cores race and receive, the rest is left to hashing and to the kernel. */
export function defaultThreads(): number {
  return Math.min(DEFAULT_MAX_SHARDS, Math.max(1, availableParallelism() >> 1));
}
