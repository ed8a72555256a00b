/** Timers of lived time: a stop of the process costs no time, and what arrived meanwhile is read before they fire. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Environment } from '../../src/main/discovery/environment.ts';
import { LocalDiscovery } from '../../src/main/discovery/lsd.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { LivedTimer } from '../../src/shared/lived-timer.ts';

/** Timers and a clock that advance together until the process is stopped: then time passes, and what is due fires late. */
function time({ mock }: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let at = 5_000;
  return {
    clock: () => at,
    run: (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        at += 100;
        mock.timers.tick(100);
      }
    },
    stop: (ms: number) => {
      at += ms;
    },
  };
}

test('it fires once, at its time', (t) => {
  const { clock, run } = time(t);
  for (const ms of [100, 500, 1_300, 15_000]) {
    let fired = 0;
    new LivedTimer(ms, () => fired++, clock);
    run(ms - 100);
    assert.equal(fired, 0);
    run(100);
    assert.equal(fired, 1, `${ms}`);
    run(20_000);
    assert.equal(fired, 1);
  }
});

test('after a stop the rest of its time still passes, even in the last step', (t) => {
  const { clock, run, stop } = time(t);
  for (const before of [400, 2_900]) {
    let fired = 0;
    new LivedTimer(3_000, () => fired++, clock);
    run(before);
    stop(600_000);
    run(3_000 - before - 100);
    assert.equal(fired, 0, `after ${before} ms`);
    run(700);
    assert.equal(fired, 1);
  }
});

test('a clock behind the timers delays nothing, and a cancelled timer is silent', (t) => {
  const { run } = time(t);
  let fired = 0;
  new LivedTimer(
    2_000,
    () => fired++,
    () => 0,
  );
  const cancelled = new LivedTimer(
    2_000,
    () => assert.fail(),
    () => 0,
  );
  run(1_000);
  cancelled.cancel();
  run(1_000);
  assert.equal(fired, 1);
});

test('local discovery counts as hope for ten seconds of lived time', (t) => {
  const { clock, run, stop } = time(t);
  const environment: Environment = {
    ...REAL_ENVIRONMENT,
    now: clock,
    interfaces: () => ({}),
    livedLater: (ms, work) => {
      const timer = new LivedTimer(ms, work, clock);
      return () => timer.cancel();
    },
  };
  const lsd = new LocalDiscovery({ environment, later: environment.later, from: null });
  const member = lsd.join({ infoHash: new Uint8Array(20), port: 1, onPeers: () => {} });
  run(4_000);
  stop(600_000);
  run(5_900);
  assert.equal(member.hopeful, true);
  run(700);
  assert.equal(member.hopeful, false);
  member.leave();
});
