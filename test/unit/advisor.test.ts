/** The reasons that a user reads while a download waits, and when it fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Advisor } from '../../src/main/cli/output/advisor.ts';
import type { Console } from '../../src/main/cli/output/console.ts';
import type { Symptoms } from '../../src/main/doctor/symptoms.ts';
import { HINT_AFTER_MS } from '../../src/shared/limits.ts';

/** Dials paused so often; no cause outside this machine. */
const paused = (shortages: number): Symptoms =>
  ({
    ...{ check: null, download: null, usedUpLimit: null, dataArrives: true, lagP99Ms: 0, lagMaxMs: 0 },
    shortages,
    fates: { choked: 0, unchoked: 1 },
  }) as unknown as Symptoms;

/** What a user reads and what a script gets, if it looks so while it waits and so at its end. */
function told(waiting: Symptoms | null, end: Symptoms, isQuiet = false): { news: number; events: number } {
  const count = { news: 0, events: 0 };
  const read = (): number => (count.news += 1);
  const event = (): number => (count.events += 1);
  const console = { isQuiet, news: () => isQuiet || read(), explain: read, event };
  const advisor = new Advisor(console as unknown as Console);
  if (waiting !== null) advisor.hint(HINT_AFTER_MS, () => waiting);
  advisor.examine(() => end);
  advisor.conclude();
  return count;
}

test('a failed run says each reason once, and again only if its figures have changed', () => {
  assert.deepEqual(told(null, paused(3)), { news: 1, events: 1 });
  assert.deepEqual(told(paused(3), paused(3)), { news: 1, events: 2 });
  assert.deepEqual(told(paused(3), paused(4)), { news: 2, events: 2 });
});

test('with --quiet the reason comes once, at the end', () => {
  assert.deepEqual(told(paused(3), paused(3), true), { news: 1, events: 2 });
});
