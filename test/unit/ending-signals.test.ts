/** Which signals count as a wish to end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEndingSignals } from '../../src/main/cli/runs/ending-signals.ts';
import { SIGNAL_ECHO_MS } from '../../src/shared/limits.ts';

test('signals that come together are one wish to end; a later one is another', () => {
  let now = 0;
  let heard = 0;
  const forget = onEndingSignals(
    () => {
      heard += 1;
      // As a program that is busy for longer than the echo takes to come.
      now += SIGNAL_ECHO_MS;
    },
    () => now,
  );
  try {
    process.emit('SIGTERM');
    process.emit('SIGTERM');
    now += SIGNAL_ECHO_MS - 1;
    process.emit('SIGINT');
    assert.equal(heard, 1);
    now += 1;
    process.emit('SIGINT');
    assert.equal(heard, 2);
  } finally {
    forget();
  }
  assert.equal(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM'), 0);
});
