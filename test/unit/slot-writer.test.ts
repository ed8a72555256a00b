/** What web seeds write into slots, and what of it is counted as wasted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { SlotWriter } from '../../src/workers/web-seeds/slot-writer.ts';

const BLOCK = 16_384;
const PIECE = 0 as PieceIndex;

function owned() {
  const g = geometry(4 * BLOCK, 4 * BLOCK);
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
