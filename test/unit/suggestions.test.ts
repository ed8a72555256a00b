/** What is suggested to peers (BEP 6): the parts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OTHER_HOLDER_LOOK_PIECES } from '../../src/shared/limits.ts';
import { PieceSet } from '../../src/workers/peer/piece-set.ts';
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

test('the pieces that were requested last are known, and no more of them', () => {
  const recent = new RecentPieces(4);
  for (let piece = 0; piece < 10; piece++) for (let i = 0; i < 3; i++) recent.add(piece);
  recent.add(7);
  assert.deepEqual(recent.newestFirst, [7, 9, 8, 6]);
  assert.deepEqual([recent.has(5), recent.has(6)], [false, true]);
});
