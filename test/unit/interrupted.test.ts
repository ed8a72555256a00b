/** What a download says when the user ends it: as far as it came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interruptedText } from '../../src/main/cli/output/interrupted-text.ts';

test('before the end of a check nothing is called verified', () => {
  assert.equal(interruptedText('searching', 0), 'interrupted before the metadata was found');
  assert.equal(interruptedText('fetching-hashes', 0), 'interrupted before the hashes of the pieces came');
  assert.match(interruptedText('queued', 0), /while it waited for its turn; the same command resumes$/);
  assert.match(
    interruptedText('checking', 0),
    /while it checked what is there; the same command checks again$/,
  );
  assert.equal(
    interruptedText('checking', 1_024),
    'interrupted at 1.0 KiB verified; the same command resumes',
  );
  assert.equal(interruptedText('downloading', 0), 'interrupted at 0 B verified; the same command resumes');
});
