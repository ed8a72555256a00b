/** How long `doctor` still looks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countdownText } from '../../src/main/cli/runs/run-doctor.ts';

test('whole seconds, and never none', () => {
  assert.equal(countdownText(20_000, 13_200), 'looking for up to 20 s: 13 s left');
  assert.equal(countdownText(20_000, -10), 'looking for up to 20 s: 1 s left');
});
