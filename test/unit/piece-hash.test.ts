/** Pieces on disk are hashed in little memory, and a download keeps at least one of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { defaultMemory } from '../../src/main/download/memory.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { CHECK_READ_BYTES, MAX_PIECE_BYTES, MOST_DEFAULT_MEMORY_BYTES } from '../../src/shared/limits.ts';
import type { FileSpans } from '../../src/workers/storage/file-spans.ts';
import { PieceHash } from '../../src/workers/storage/piece-hash.ts';

const SHA1_ALONE = { sha1: new SharedArrayBuffer(0), trees: null };

/** Bytes of a torrent that are a function of their place; `missingFrom` is where the disk has no more. */
function spans(missingFrom = Number.POSITIVE_INFINITY) {
  let largest = 0;
  const read = (offset: number, bytes: Uint8Array): boolean => {
    largest = Math.max(largest, bytes.length);
    bytes.fill((offset / 1_000) & 0xff);
    return offset + bytes.length <= missingFrom;
  };
  return { spans: { read } as unknown as FileSpans, largest: () => largest };
}

test('a piece of several reads has the hash of the whole, in the memory of one', () => {
  const g = geometry(5 * CHECK_READ_BYTES + 7, 2 * CHECK_READ_BYTES + 3);
  const seen = spans();
  const buffer = Buffer.alloc(CHECK_READ_BYTES);
  const hash = new PieceHash(seen.spans, g, SHA1_ALONE, buffer);
  for (const [piece, length] of [
    [0, 2 * CHECK_READ_BYTES + 3],
    [2, CHECK_READ_BYTES + 1],
  ] as const) {
    const start = piece * g.pieceLength;
    const whole = Buffer.alloc(length);
    for (let at = 0; at < length; at += CHECK_READ_BYTES)
      whole.fill(((start + at) / 1_000) & 0xff, at, Math.min(length, at + CHECK_READ_BYTES));
    assert.deepEqual(hash.of(piece as PieceIndex)?.sha1, createHash('sha1').update(whole).digest());
  }
  assert.equal(seen.largest(), CHECK_READ_BYTES);
  assert.equal(new PieceHash(spans(CHECK_READ_BYTES).spans, g, SHA1_ALONE, buffer).of(0 as PieceIndex), null);
});

test('without --memory the largest piece fits, and no more memory is used than the torrent has', () => {
  const large = geometry(3 * MAX_PIECE_BYTES, MAX_PIECE_BYTES);
  assert.equal(defaultMemory(large, 1), MAX_PIECE_BYTES);
  const small = geometry(40_000, MAX_PIECE_BYTES);
  assert.ok(defaultMemory(small, 1) <= MOST_DEFAULT_MEMORY_BYTES);
  const arena = Arena.allocate(small, defaultMemory(small, 1));
  assert.deepEqual([arena.slotCount, arena.data.byteLength], [1, 49_152]);
});
