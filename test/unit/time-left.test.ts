/** The estimated time of a download: none before anybody can know it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeLeft } from '../../src/main/cli/output/time-left.ts';
import { RateMeter } from '../../src/main/download/rate-meter.ts';
import { formatTimeLeft } from '../../src/main/text/units.ts';

const LOOK_MS = 250;
const MIB = 2 ** 20;

/** What is shown at each look, for a download of 64 MiB with these rates by second. */
function shown(
  ratePerS: (s: number) => number,
  seconds: number,
): { s: number; leftMs: number; true: number }[] {
  const [meter, left] = [new RateMeter(), new TimeLeft()];
  const total = 64 * MIB;
  const all = [];
  let bytes = 0;
  for (let ms = 0; ms <= seconds * 1_000; ms += LOOK_MS) {
    bytes = Math.min(total, bytes + (ratePerS(ms / 1_000) * LOOK_MS) / 1_000);
    meter.sample(bytes, ms);
    left.sample(meter.perSecond, ms);
    const leftMs = left.of(total - bytes);
    const rate = ratePerS(ms / 1_000);
    if (leftMs !== null) all.push({ s: ms / 1_000, leftMs, true: ((total - bytes) / rate) * 1_000 });
  }
  return all;
}

test('data that begins after five seconds: no time at first, and then one that is about right', () => {
  const times = shown((s) => (s < 5 ? 0 : 3 * MIB), 24);
  const first = times[0]?.s ?? 0;
  assert.ok(first >= 10 && first <= 12, `the first at ${first} s`);
  for (const { s, leftMs, true: real } of times)
    assert.ok(leftMs < 1.3 * real + 1_000 && leftMs > 0.7 * real - 1_000, `${s}: ${leftMs}, not ${real}`);
});

test('a trickle before the data: hours are never shown', () => {
  const times = shown((s) => (s < 4 ? 2_000 : s < 20 ? 2_000 * 1.4 ** (s - 4) : 600_000), 60);
  assert.ok(times.length > 0);
  for (const { s, leftMs } of times) assert.ok(leftMs < 1_200_000, `${s}: ${leftMs}`);
});

test('blocks of slow peers, one by one: once it is shown, the time stays', () => {
  const times = shown((s) => (Math.floor(s / LOOK_MS) % 6 === 0 || s % 1.5 === 0 ? 98_304 : 0), 60);
  const first = times[0]?.s ?? Number.POSITIVE_INFINITY;
  assert.ok(first < 12, `the first at ${first} s`);
  assert.equal(times.length, (60 - first) * 4 + 1);
});

test('after a break it is not known again, and when all is there nothing is left', () => {
  const left = new TimeLeft();
  for (let ms = 0; ms <= 8_000; ms += LOOK_MS) left.sample(1_000, ms);
  assert.equal(left.of(5_000), 5_000);
  assert.equal(left.of(0), null);
  left.sample(0, 8_250);
  left.sample(1_000, 8_500);
  assert.equal(left.of(5_000), null);
});

test('a time to come has no tenths of a second', () => {
  assert.deepEqual([0, 700, 5_600, 59_700, 185_000].map(formatTimeLeft), [
    '1 s',
    '1 s',
    '6 s',
    '1 min',
    '3 min 5 s',
  ]);
});
