// When runs are looked at: often while something happens, less and less often while nothing does, and by one timer for all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLooks } from '../../src/main/session/live-looks.ts';

function setUp() {
  let now = 0;
  let turn: (() => void) | null = null;
  const looks = new LiveLooks({
    now: () => now,
    every: (ms, work) => {
      assert.equal(ms, 250);
      turn = work;
      return () => {
        turn = null;
      };
    },
  });
  const pass = (ms: number): void => {
    for (let end = now + ms; now < end; ) {
      now += 250;
      turn?.();
    }
  };
  const runOf = (isIdle: () => boolean) => {
    const at: number[] = [];
    const end = looks.begin({
      get isIdle() {
        return isIdle();
      },
      look: () => void at.push(now),
    });
    return { at, end };
  };
  /** The process stands still. */
  const stop = (ms: number): void => {
    now += ms;
  };
  return { looks, pass, stop, runOf, hasTimer: () => turn !== null };
}

test('a run that is idle is looked at less and less often, and one that is not four times a second', () => {
  const { pass, runOf } = setUp();
  let isIdle = true;
  const idle = runOf(() => isIdle);
  const busy = runOf(() => false);
  pass(30_000);
  assert.deepEqual(idle.at, [250, 750, 1_750, 3_750, 7_750, 15_750, 25_750]);
  assert.equal(busy.at.length, 120);
  isIdle = false;
  pass(10_000);
  assert.deepEqual(idle.at.slice(7, 10), [35_750, 36_000, 36_250], 'seen at the next look');
});

test('rare looks lose no lived time, and a stop of the process is none', () => {
  const { looks, pass, stop, runOf } = setUp();
  runOf(() => true);
  const begun = looks.clock();
  pass(30_000);
  assert.equal(looks.clock() - begun, 30_000);
  stop(60_000);
  pass(1_000);
  assert.ok(looks.clock() - begun < 32_000);
});

test('the timer ends with the last run', () => {
  const { runOf, hasTimer } = setUp();
  assert.equal(hasTimer(), false);
  const [one, other] = [runOf(() => false), runOf(() => false)];
  one.end();
  assert.equal(hasTimer(), true);
  other.end();
  assert.equal(hasTimer(), false);
});

test('a run that a look ends, its own or that of another, is not looked at again', () => {
  const { looks, pass, hasTimer } = setUp();
  const seen: string[] = [];
  const ends = ['one', 'two', 'three'].map((name, i) =>
    looks.begin({
      isIdle: false,
      look: () => {
        seen.push(name);
        if (name === 'one') for (const end of ends.slice(i, 2)) end();
      },
    }),
  );
  pass(500);
  assert.deepEqual(seen, ['one', 'three', 'three']);
  ends[0]?.();
  assert.equal(hasTimer(), true, 'an end counts once');
  ends[2]?.();
  assert.equal(hasTimer(), false);
});
