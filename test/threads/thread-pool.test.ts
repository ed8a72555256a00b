/** Real threads must be able to end at any time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceLimits } from 'node:worker_threads';
import { ThreadPool } from '../../src/main/pools/thread-pool.ts';
import { THREAD_START_TIMEOUT_MS } from '../../src/shared/limits.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();

test('threads that are still loading are not ended while they load', async () => {
  const memory = new SharedArrayBuffer(8);
  const file = new URL('../support/slow-to-load.js', import.meta.url);
  const pool = new ThreadPool<null, void>({ file, threads: 2, between: 'loop', workerData: memory });
  await pool.end();
  const [begun, loaded] = new Int32Array(memory);
  assert.deepEqual({ begun, loaded }, { begun: 2, loaded: 2 });
});

test('a pool whose threads have loaded ends without waiting', async () => {
  const memory = new SharedArrayBuffer(8);
  const file = new URL('../support/slow-to-load.js', import.meta.url);
  const pool = new ThreadPool<null, void>({ file, threads: 1, between: 'sleep', workerData: memory });
  await pool.run(null);
  const began = performance.now();
  await pool.end();
  assert.ok(performance.now() - began < THREAD_START_TIMEOUT_MS, 'nothing to wait for');
});

test('a pool can bound the memory for new objects, and leaves the rest to Node', async () => {
  const file = new URL('../support/own-limits.js', import.meta.url);
  const limits = async (young: { readonly youngMiB?: number }): Promise<ResourceLimits> => {
    const pool = new ThreadPool<null, ResourceLimits>({ file, threads: 1, between: 'loop', ...young });
    const found = await pool.run(null);
    await pool.end();
    return found;
  };
  const plain = await limits({});
  assert.deepEqual(await limits({ youngMiB: 12 }), { ...plain, maxYoungGenerationSizeMb: 12 });
  assert.notEqual(plain.maxYoungGenerationSizeMb, 12);
});
