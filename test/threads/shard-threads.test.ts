/** Threads that start before the command is known: taken once, by the first that wants the same number, and ended if not taken. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { test } from 'node:test';
import { defaultThreads } from '../../src/main/pools/default-threads.ts';
import {
  endUnusedShardThreads,
  shardThreads,
  startShardThreads,
} from '../../src/main/pools/shard-threads.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();

const threads = (): number => readdirSync('/proc/self/task').length;
const skip = platform() === 'linux' ? false : 'threads are counted in /proc';
const count = defaultThreads();

test('early threads are taken once, by the first that wants the same number', { skip }, async () => {
  const before = threads();
  startShardThreads();
  assert.equal(threads(), before + count, 'early threads');
  const more = shardThreads(count + 1);
  assert.equal(threads(), before + count + count + 1, 'another number: threads of its own');
  const taken = shardThreads(count);
  assert.equal(threads(), before + count + count + 1, 'as many: the early ones');
  const later = shardThreads(count);
  assert.equal(threads(), before + 2 * count + count + 1, 'they are taken once');
  await Promise.all([more.end(), later.end()]);
  await endUnusedShardThreads();
  assert.equal(threads(), before + count, 'what was taken is not ended as unused');
  await taken.end();
  assert.equal(threads(), before);
});

test('early threads that are not taken are ended', { skip }, async () => {
  const before = threads();
  startShardThreads();
  await endUnusedShardThreads();
  assert.equal(threads(), before);
});
