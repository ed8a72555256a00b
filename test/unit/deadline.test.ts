/** Deadlines that hold, whatever the garbage collector does. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { withDeadline } from '../../src/shared/deadline.ts';

const aborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });

test('a deadline fires although only the work holds its signal', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const outer = new AbortController();
  const over = withDeadline(60, outer.signal, aborted);
  for (const ms of [10, 20, 30]) setTimeout(collect, ms);
  // Only the deadline keeps this process alive.
  assert.equal(await over, 'aborted');
});

test('it ends with the outer signal, also with one that was aborted before', async () => {
  const outer = new AbortController();
  const over = withDeadline(60_000, outer.signal, aborted);
  outer.abort();
  assert.equal(await over, 'aborted');
  await withDeadline(60_000, outer.signal, async (signal) => assert.equal(signal.aborted, true));
});

test('nothing is left when the work has ended or failed', async () => {
  const outer = new AbortController();
  assert.equal(await withDeadline(60_000, outer.signal, async () => 7), 7);
  await assert.rejects(
    withDeadline(60_000, outer.signal, async () => {
      throw new Error('no');
    }),
    /no/,
  );
  assert.deepEqual(getEventListeners(outer.signal, 'abort'), []);
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});
