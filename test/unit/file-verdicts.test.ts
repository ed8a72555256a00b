/** From pieces to files: a bad piece at the border of two files counts for both, and is marked as shared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileVerdicts } from '../../src/main/storage/file-verdicts.ts';
import { geometry } from '../../src/shared/geometry.ts';

const PIECE = 16_384;
/** Lengths in pieces: the second and the third file share a piece, the last has one of its own. */
const files: { path: string; offset: number; length: number }[] = [];
for (const pieces of [1, 1.5, 0, 0.5, 1]) {
  const { offset, length } = files.at(-1) ?? { offset: 0, length: 0 };
  files.push({ path: String(files.length), offset: offset + length, length: pieces * PIECE });
}
const looks = files.map(({ length }) => ({ kind: 'file' as const, size: length }));
const verdicts = (good: readonly number[]) =>
  fileVerdicts(files, looks, geometry(4 * PIECE, PIECE), Uint8Array.from(good)).map(
    ({ status, badPieces, sharedBadPieces }) => [status, badPieces, sharedBadPieces],
  );

test('a bad piece that two files share is bad in both, over an empty file between them', () =>
  assert.deepEqual(verdicts([1, 1, 0, 1]), [
    ['good', 0, 0],
    ['bad', 1, 1],
    ['good', 0, 0],
    ['bad', 1, 1],
    ['good', 0, 0],
  ]));

test('a bad piece inside a file is shared with none', () =>
  assert.deepEqual(verdicts([0, 0, 0, 0]), [
    ['bad', 1, 0],
    ['bad', 2, 1],
    ['good', 0, 0],
    ['bad', 1, 1],
    ['bad', 1, 0],
  ]));
