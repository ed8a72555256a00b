/** Numbers on the command line: each that costs memory has a maximum. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getFlags } from '../../src/main/cli/commands/get-flags.ts';
import { checkThreads, hashersOf, shardsOf } from '../../src/main/cli/commands/options.ts';
import { parseMemory } from '../../src/main/download/memory.ts';
import { Failure } from '../../src/main/failure.ts';
import { parseCount, parseDuration, parseSize } from '../../src/main/text/units.ts';
import { MAX_HASHERS, MAX_SHARDS, MAX_THREADS } from '../../src/shared/limits.ts';

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitStatus === 2 && message.test(error.message);

test('threads: of each kind, and all together', () => {
  assert.equal(shardsOf(getFlags(['--shards', String(MAX_SHARDS)])), MAX_SHARDS);
  assert.throws(() => shardsOf(getFlags(['--shards', '100000'])), usage(/--shards 100000: more than 256/));
  assert.equal(hashersOf({ hashers: String(MAX_HASHERS) }), MAX_HASHERS);
  assert.throws(() => hashersOf({ hashers: '257' }), usage(/--hashers 257: more than 256/));
  const most = getFlags(['--shards', '256', '--hashers', '256']);
  checkThreads(most, 1);
  assert.throws(
    () => checkThreads(most, 2),
    usage(
      new RegExp(`--parallel 2, --shards 256 and --hashers 256 make 1024 threads: more than ${MAX_THREADS}`),
    ),
  );
});

test('sizes, times and counts', () => {
  assert.equal(parseMemory('64M', 2), 2 ** 25);
  assert.throws(() => parseMemory('100000T', 1), usage(/--memory 100000T: more than \d/));
  assert.equal(parseSize('--payload', '1K', 1_024), 1_024);
  assert.throws(() => parseSize('--payload', '1025', 1_024), usage(/--payload 1025: more than 1.0 KiB/));
  assert.equal(parseCount('--parallel', '64', 1, 64), 64);
  assert.throws(() => parseCount('--parallel', '65', 1, 64), usage(/--parallel 65: more than 64/));
  assert.equal(parseDuration('--for', '24d'), 24 * 86_400_000);
  assert.throws(() => parseDuration('--for', '25d'), usage(/--for 25d: longer than 24 days/));
});
