/** What web seeds write into slots, and what of it is counted as wasted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../../src/shared/arena.ts';
import { blocksOfPiece, geometry, paddedGeometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import type { Sender } from '../../src/shared/sender.ts';
import { SlotWriter } from '../../src/workers/web-seeds/slot-writer.ts';

const BLOCK = 16_384;
const PIECE = 0 as PieceIndex;

function owned(g = geometry(4 * BLOCK, 4 * BLOCK)) {
  const ledger = new Ledger(Ledger.allocate(g.pieceCount));
  const arena = new Arena(Arena.allocate(g, 4 * BLOCK));
  const shard = shardId(7);
  let wasted = 0;
  const holder = {
    ledger,
    arena,
    shard,
    onFull: () => {},
    onWasted: (bytes: number) => {
      wasted += bytes;
    },
  };
  assert.ok(ledger.claim(PIECE, shard));
  const slot = arena.claim(PIECE, shard);
  assert.ok(slot !== null);
  const run = new SlotWriter(holder, 'owner', 0, PIECE, [slot]);
  return { run, arena, slot, wasted: () => wasted };
}

test('bytes that arrive once are not wasted, in any parts', () => {
  const { run, wasted } = owned();
  for (let at = 0; at < 4 * BLOCK; at += 5_000) run.write(Buffer.alloc(Math.min(5_000, 4 * BLOCK - at), 1));
  assert.deepEqual([run.openCount, wasted()], [0, 0]);
});

test('a block that another writer took first, a block begun again and skipped bytes are wasted', () => {
  const { run, arena, slot, wasted } = owned();
  assert.ok(arena.take(slot, 1));
  run.write(Buffer.alloc(2 * BLOCK, 1));
  assert.equal(wasted(), BLOCK);
  run.write(Buffer.alloc(100, 1));
  run.handTo(1);
  assert.equal(wasted(), BLOCK + 100);
  run.passOver(7);
  assert.equal(wasted(), BLOCK + 107);
});

test('blocks that are only padding are not waited for and are zeros, whatever was in the slot', () => {
  const pad = { offset: BLOCK + 100, length: 3 * BLOCK - 100 };
  const { run, arena, slot, wasted } = owned(paddedGeometry(geometry(4 * BLOCK, 4 * BLOCK), [pad]));
  run.write(Buffer.alloc(BLOCK + 100, 1));
  assert.equal(run.openCount, 1);
  run.writeZeros(pad.length);
  assert.deepEqual([run.openCount, run.isOvertaken, arena.receivedCount(slot), wasted()], [0, false, 2, 0]);
  assert.deepEqual(
    [...arena.pieceBytes(slot)].map((byte, at) => byte === (at < pad.offset ? 1 : 0)).indexOf(false),
    -1,
  );
});

test('a slot with the bytes of another piece has zeros for the padding of the next one', () => {
  const g = paddedGeometry(geometry(8 * BLOCK, 4 * BLOCK), [{ offset: 5 * BLOCK, length: 3 * BLOCK }]);
  const arena = new Arena(Arena.allocate(g, 4 * BLOCK));
  const shard = shardId(7);
  const first = arena.claim(PIECE, shard);
  assert.ok(first !== null);
  arena.pieceBytes(first).fill(9);
  arena.discard(first);
  arena.leave(first, shard);
  const second = arena.claim(1 as PieceIndex, shard);
  assert.equal(second, first);
  assert.deepEqual([...new Set(arena.pieceBytes(first).subarray(BLOCK))], [0]);
  assert.equal(arena.receive(first, 0, 3 as Sender), true);
});

test('which blocks are fetched: not those after the last byte of data, and one of a piece of padding alone', () => {
  const pads = [
    { offset: 10, length: 20 },
    { offset: BLOCK + 1, length: 5 },
    { offset: BLOCK + 6, length: 3 * BLOCK - 6 },
    { offset: 4 * BLOCK, length: 4 * BLOCK },
    { offset: 8 * BLOCK + 7, length: 2 * BLOCK - 7 },
  ];
  const g = paddedGeometry(geometry(12 * BLOCK, 4 * BLOCK), pads);
  assert.deepEqual(
    [0, 1, 2].map((piece) => blocksOfPiece(g, piece as PieceIndex)),
    [2, 1, 4],
  );
});
