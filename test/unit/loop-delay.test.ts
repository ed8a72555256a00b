/** The delay of the event loop of a shard, which is not that of a process that was stopped. */
import assert from 'node:assert/strict';
import { createHistogram, type IntervalHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import { MAX_CLOCK_STEP_MS } from '../../src/shared/limits.ts';
import { LivedClock } from '../../src/shared/lived-clock.ts';
import { LoopDelay } from '../../src/workers/shard/loop-delay.ts';

const MS = 1e6;

test('a stop of the process is no delay, whether it is counted before the look or after it', async () => {
  let now = 0;
  const histogram = createHistogram();
  const delay = new LoopDelay(new LivedClock(() => now), histogram as unknown as IntervalHistogram);
  histogram.record(510 * MS);
  now += MAX_CLOCK_STEP_MS;
  delay.look();
  assert.equal(Math.round(delay.figures.lagMaxMs), 500, 'a thread that is late stays late');
  histogram.record(3_600_000 * MS);
  now += 3_600_000;
  delay.look();
  assert.equal(delay.figures.lagMaxMs, 0);
  histogram.record(3_600_000 * MS);
  await new Promise(setImmediate);
  assert.equal(delay.figures.lagMaxMs, 0);
  histogram.record(30 * MS);
  now += 250;
  delay.look();
  await new Promise(setImmediate);
  assert.equal(Math.round(delay.figures.lagMaxMs), 20);
});
