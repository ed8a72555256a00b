/** Clocks that measure silence: time in which the process is stopped does not count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleWatch, type Patience } from '../../src/main/session/idle-watch.ts';
import { LivedClock } from '../../src/shared/lived-clock.ts';

/** A clock that a test moves and reads as its owner would. */
function lived(start = 1_000) {
  let at = start;
  const clock = new LivedClock(() => at);
  const pass = (ms: number): number => {
    at += ms;
    return clock.now();
  };
  return { clock, pass };
}

test('small steps count, and a step longer than any turn of ours does not', () => {
  const { pass } = lived();
  assert.deepEqual([pass(0), pass(250), pass(1_999)], [1_000, 1_250, 3_249]);
  assert.deepEqual([pass(40_000), pass(250), pass(3_600_000), pass(1)], [3_250, 3_500, 3_501, 3_502]);
});

test('moments before and after a stop are converted to the shared clock', () => {
  const { clock, pass } = lived();
  const before = pass(500);
  const after = pass(40_000);
  const later = pass(500);
  pass(7_000);
  assert.deepEqual([before, after, later].map(clock.shared), [1_500, 41_500, 42_000]);
});

function watch(patience: Patience) {
  const { clock, pass } = lived();
  const idleWatch = new IdleWatch(patience, clock.now);
  /** Looks four times a second. */
  const run = (seconds: number, counts = true): void => {
    for (let i = 0; i < 4 * seconds; i++) {
      pass(250);
      idleWatch.look(counts);
    }
  };
  const overdue = (fed: boolean): string | null => idleWatch.overdue({ fed, known: 3, awaits: 'pieces' });
  return { idleWatch, run, stop: pass, overdue };
}

test('a run that was stopped for longer than its time-out continues with the rest of the time-out', () => {
  const { run, stop, overdue } = watch({ firstUnchokeTimeout: 0, idleTimeout: 30_000 });
  run(20);
  stop(3_600_000);
  run(9);
  assert.equal(overdue(true), null);
  run(2);
  assert.equal(overdue(true), 'no piece verified for 30 s');
});

test('the check of the disk and the time before discovery do not count as idle', () => {
  const { idleWatch, run, overdue } = watch({ firstUnchokeTimeout: 10_000, idleTimeout: 30_000 });
  run(60, false);
  idleWatch.busy(true);
  run(120);
  idleWatch.busy(false);
  run(9);
  assert.deepEqual([overdue(false), idleWatch.idleMs], [null, 9_000]);
  run(1);
  assert.equal(overdue(false), 'no peer unchoked us within 10 s (3 peers known)');
  assert.equal(overdue(true), null);
});

test('a verified piece restarts the wait, and zero waits forever', () => {
  const { idleWatch, run, overdue } = watch({ firstUnchokeTimeout: 0, idleTimeout: 30_000 });
  run(29);
  idleWatch.progressed();
  run(29);
  assert.equal(overdue(true), null);
  const patient = watch({ firstUnchokeTimeout: 0, idleTimeout: 0 });
  patient.run(10_000);
  assert.equal(patient.overdue(false), null);
});
