/** Sizes, rates and times as people write and read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { parseCount, parseDuration, parseSize } from '../../src/main/text/units.ts';

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitStatus === 2 && message.test(error.message);

test('sizes, times and counts', () => {
  assert.equal(parseSize('--payload', '1K', 1_024), 1_024);
  assert.throws(() => parseSize('--payload', '1025', 1_024), usage(/--payload 1025: more than 1.0 KiB/));
  assert.equal(parseCount('--parallel', '64', 1, 64), 64);
  assert.throws(() => parseCount('--parallel', '65', 1, 64), usage(/--parallel 65: more than 64/));
  assert.equal(parseDuration('--for', '24d'), 24 * 86_400_000);
  assert.throws(() => parseDuration('--for', '25d'), usage(/--for 25d: longer than 24 days/));
});
