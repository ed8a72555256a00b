// Many works on one timer: each has its turn once in an interval, also those that come or go meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedInterval } from '../../src/shared/shared-interval.ts';

test('each of many works is done once in an interval, a part of them at one time', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const interval = new SharedInterval(5_000);
  const done = new Map<number, number>();
  const ends = Array.from({ length: 95 }, (_, i) => {
    done.set(i, 0);
    return interval.begin(() => done.set(i, (done.get(i) ?? 0) + 1));
  });
  const total = (): number => [...done.values()].reduce((sum, count) => sum + count, 0);
  t.mock.timers.tick(500);
  assert.equal(total(), 9);
  t.mock.timers.tick(4_500);
  assert.ok([...done.values()].every((count) => count >= 1));
  assert.ok(total() <= 100);
  for (const end of ends) end();
  const before = total();
  t.mock.timers.tick(10_000);
  assert.equal(total(), before, 'nothing is left');
});

test('a work that ends itself in its turn, and one that comes later', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const interval = new SharedInterval(5_000);
  let once = 0;
  const end = interval.begin(() => {
    once += 1;
    end();
  });
  t.mock.timers.tick(20_000);
  assert.equal(once, 1);
  let again = 0;
  const endAgain = interval.begin(() => {
    again += 1;
  });
  t.mock.timers.tick(5_000);
  assert.ok(again >= 1);
  endAgain();
});
