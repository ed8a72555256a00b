/** Threads that start before the command is known: taken once, by the first that wants the same number, and ended if not taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultThreads } from '../../src/main/pools/default-threads.ts';
import {
  endUnusedShardThreads,
  shardThreads,
  startShardThreads,
} from '../../src/main/pools/shard-threads.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { liveWorkers } from '../support/live-workers.ts';

checkLeaksAtEnd();

const count = defaultThreads();

test('early threads are taken once, by the first that wants the same number', async () => {
  startShardThreads();
  assert.equal(await liveWorkers(), count, 'early threads');
  const more = shardThreads(count + 1);
  assert.equal(await liveWorkers(), count + count + 1, 'another number: threads of its own');
  const taken = shardThreads(count);
  assert.equal(await liveWorkers(), count + count + 1, 'as many: the early ones');
  const later = shardThreads(count);
  assert.equal(await liveWorkers(), 2 * count + count + 1, 'they are taken once');
  await Promise.all([more.end(), later.end()]);
  await endUnusedShardThreads();
  assert.equal(await liveWorkers(), count, 'what was taken is not ended as unused');
  await taken.end();
  assert.equal(await liveWorkers(), 0);
});

test('early threads that are not taken are ended', async () => {
  startShardThreads();
  await endUnusedShardThreads();
  assert.equal(await liveWorkers(), 0);
});
