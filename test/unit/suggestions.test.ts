/** What is suggested to peers (BEP 6): the parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { CHUNK_BYTES, OTHER_HOLDER_LOOK_PIECES, RECENT_PIECES } from '../../src/shared/limits.ts';
import { PieceSet } from '../../src/workers/peer/piece-set.ts';
import { ChunkCache } from '../../src/workers/uploads/chunk-cache.ts';
import { ChunkReader } from '../../src/workers/uploads/chunk-reader.ts';
import { ChunkSource } from '../../src/workers/uploads/chunk-source.ts';
import { OpenFiles } from '../../src/workers/uploads/open-files.ts';
import { OtherHolders } from '../../src/workers/uploads/other-holders.ts';
import { RecentPieces } from '../../src/workers/uploads/recent-pieces.ts';

function holder(pieceCount: number, has: (piece: number) => boolean) {
  const pieces = new PieceSet(pieceCount);
  for (let piece = 0; piece < pieceCount; piece++) if (has(piece)) pieces.add(piece as never);
  return { inSession: true, pieces };
}

test('others have every piece: together, or one of them alone', () => {
  const [even, odd, all] = [
    holder(10, (piece) => piece % 2 === 0),
    holder(10, (piece) => piece % 2 === 1),
    holder(10, () => true),
  ];
  for (const [peers, hasAll] of [
    [[], false],
    [[even], false],
    [[even, odd], true],
    [[even, all], true],
    [[even, { ...odd, inSession: false }], false],
  ] as const) {
    const others = new OtherHolders(10);
    others.look(peers);
    assert.equal(others.hasAll, hasAll);
  }
});

test('a look is bounded; a peer that leaves takes its pieces with it', () => {
  const pieceCount = 2 * OTHER_HOLDER_LOOK_PIECES;
  const [most, last] = [
    holder(pieceCount, (piece) => piece < pieceCount - 1),
    holder(pieceCount, (piece) => piece === pieceCount - 1),
  ];
  const others = new OtherHolders(pieceCount);
  others.look([most, last]);
  assert.equal(others.hasAll, false, 'only half of them was seen');
  others.look([most, last]);
  assert.equal(others.hasAll, true);
  others.look([most]);
  others.look([most]);
  assert.equal(others.hasAll, false);
});

test('a piece counts as cached when all of its chunks are there; the last used one is first', async () => {
  const torrent = geometry(5 * 2 * CHUNK_BYTES - 100, 2 * CHUNK_BYTES);
  const padding = [{ offset: 0, length: torrent.totalLength }];
  const reader = new ChunkReader({ files: [], padding }, SYSTEM_FILES, new OpenFiles(SYSTEM_FILES, 1));
  const cache = new ChunkCache(20 * CHUNK_BYTES);
  const other = new ChunkSource(torrent, cache, reader);
  const source = new ChunkSource(torrent, cache, reader);
  await other.read(3, 0);
  for (const piece of [0, 4, 2]) {
    await source.read(piece, 0);
    assert.ok(!source.wholePieces().includes(piece as never));
    await source.read(piece, CHUNK_BYTES);
  }
  await source.read(1, 0);
  assert.deepEqual(source.wholePieces(), [2, 4, 0]);
  source.cached(0, 0);
  assert.deepEqual(source.wholePieces(), [0, 2, 4]);
  assert.deepEqual(other.wholePieces(), []);
});

test('the pieces that a peer requested last are known, and no more of them', () => {
  const recent = new RecentPieces();
  for (let piece = 0; piece < 2 * RECENT_PIECES; piece++) for (let i = 0; i < 3; i++) recent.add(piece);
  assert.deepEqual(
    [RECENT_PIECES - 1, RECENT_PIECES, 2 * RECENT_PIECES - 1].map((piece) => recent.has(piece)),
    [false, true, true],
  );
});
