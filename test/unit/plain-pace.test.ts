/** How many lines of progress a log gets where there is no terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Console } from '../../src/main/cli/output/console.ts';
import { PlainPace, type Stage, tenthOf } from '../../src/main/cli/output/plain-pace.ts';
import { shownOn } from '../support/shown-lines.ts';

const MINUTE = 60_000;

/** When lines are written, if progress is offered every five seconds. */
function written(ms: number, stageAt: (now: number) => Stage): number[] {
  const pace = new PlainPace();
  const times = [];
  for (let now = 0; now <= ms; now += 5_000) if (pace.isDue(stageAt(now), now)) times.push(now);
  return times;
}

test('three hours without any change are 65 lines: 5 s apart, then 30 s, then 5 min', () => {
  const times = written(180 * MINUTE, () => ({ phase: 'downloading' }));
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  assert.deepEqual([...new Set(gaps)], [5_000, 30_000, 300_000]);
  assert.equal(times.length, 13 + 18 + 34);
});

test('each tenth of a long download has a line; a new phase begins with lines that are close', () => {
  const hours = 100 * MINUTE;
  const times = written(hours, (now) => ({ phase: 'downloading', step: tenthOf(now, hours) }));
  for (let tenth = 1; tenth <= 10; tenth++) assert.ok(times.includes((tenth * hours) / 10), String(tenth));
  const later = written(hours, (now) => ({ phase: now < 90 * MINUTE ? 'searching' : 'downloading' }));
  const fresh = later.filter((at) => at >= 90 * MINUTE && at <= 91 * MINUTE);
  assert.equal(fresh.length, 13);
});

test('progress that is offered a little early is not put off to the next time', () => {
  const pace = new PlainPace();
  const due = [0, 5_000, 9_999].map((now) => pace.isDue({ phase: 'downloading' }, now));
  assert.deepEqual(due, [true, true, true]);
});

test('a console without a terminal writes only the lines that are due', (t) => {
  const shown = shownOn(t);
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  const console = new Console({ json: false, quiet: false });
  for (; now < 121_000; now += 5_000) console.progress(`at ${now}`, { phase: 'downloading' });
  assert.equal(shown.length, 13 + 1);
  assert.equal(shown.at(-1), 'at 91000');
});
