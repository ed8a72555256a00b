/** Sizes, rates and times as people write and read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import {
  formatDuration,
  formatSize,
  parseCount,
  parseDuration,
  parseRate,
  parseSize,
} from '../../src/main/text/units.ts';

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

test('what would be rounded to 0 is refused, because 0 has a meaning of its own', () => {
  assert.deepEqual([parseRate('--upload-limit', '0.0K'), parseRate('--upload-limit', '0.5')], [0, 1]);
  assert.throws(() => parseRate('--upload-limit', '0.4'), usage(/^--upload-limit 0\.4: less than a byte$/));
  assert.deepEqual([parseDuration('--timeout', '0s'), parseDuration('--timeout', '0.5ms')], [0, 1]);
  assert.throws(() => parseDuration('--timeout', '0.3ms'), usage(/0\.3ms: less than a millisecond$/));
});

test('a time may have a least value', () => {
  assert.equal(parseDuration('--for', '1', 1_000), 1_000);
  assert.throws(() => parseDuration('--for', '0', 1_000), usage(/^--for 0: less than 1 s$/));
});

test('a number that is rounded up to the next unit is shown in that', () => {
  const sizes = [1_023.4, 1_023.6, 1_048_524, 1_048_535, 2 ** 30 - 1, 2 ** 50];
  assert.deepEqual(sizes.map(formatSize), [
    ...['1023 B', '1.0 KiB', '1023.9 KiB', '1.0 MiB', '1.0 GiB'],
    '1024.0 TiB',
  ]);
  assert.deepEqual([999.4, 999.6, 59_994, 59_996, 3_599_600].map(formatDuration), [
    ...['999 ms', '1.00 s', '59.99 s', '1m 00s', '1h 00m'],
  ]);
});
