/** The rate of a check: a second one begins anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckWatch } from '../../src/main/session/check-watch.ts';

test('a check after another one does not count its bytes', () => {
  let now = 0;
  const watch = new CheckWatch(() => now);
  watch.begin();
  watch.reached(4_000, 4_000);
  assert.equal(watch.progress()?.bytes, 4_000);
  watch.end();
  now = 500;
  watch.begin();
  watch.reached(0, 9_000);
  assert.equal(watch.progress()?.rate, 0, 'and its rate is not below zero');
  now = 1_000;
  watch.reached(1_000, 9_000);
  assert.equal(watch.progress()?.rate, 2_000);
});
