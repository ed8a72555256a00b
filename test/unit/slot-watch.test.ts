/** When a shard helps with a piece of another, and when it leaves the place to a third. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { SlotWatch } from '../../src/workers/requests/endgame/slot-watch.ts';

const TICK = 250;
const PIECE = 0 as PieceIndex;

test('a guest that received nothing stays away for longer each time, so that a third holder gets a turn', () => {
  const g = geometry(32_768, 32_768);
  const ledger = new Ledger(Ledger.allocate(g.pieceCount));
  const arena = new Arena(Arena.allocate(g, 32_768));
  ledger.claim(PIECE, shardId(1));
  arena.claim(PIECE, shardId(1));
  const watch = new SlotWatch(ledger, arena);
  let now = 0;
  /** Milliseconds until it would join. */
  const joinsAfter = (): number => {
    const from = now;
    while (watch.look(false, now).length === 0) now += TICK;
    return now - from;
  };
  const waits = [joinsAfter()];
  for (let times = 0; times < 8; times++) {
    watch.leaveAlone(PIECE, now);
    waits.push(joinsAfter());
  }
  assert.deepEqual(waits, [2_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  watch.cameWell(PIECE);
  assert.equal(joinsAfter(), 0);
});
