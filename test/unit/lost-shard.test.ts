/** What happens to the pieces of a dead shard, with any state of owner and guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reclaim } from '../../src/main/download/lost-shard.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import { peerAsSender } from '../../src/shared/sender.ts';

const [OWNER, GUEST] = [shardId(1), shardId(2)];
const PIECE = 0 as PieceIndex;
const SENDER = peerAsSender(peerIndex(0));

function claimed() {
  const arena = new Arena(Arena.allocate(geometry(65_536, 32_768), 65_536));
  const ledger = new Ledger(Ledger.allocate(2));
  ledger.claim(PIECE, OWNER);
  const slot = arena.claim(PIECE, OWNER);
  assert.ok(slot !== null);
  return { arena, ledger, slot };
}

test('an owner dies in the middle: missing again, the slot free', () => {
  const { arena, ledger } = claimed();
  assert.deepEqual(reclaim(OWNER, ledger, arena, new Set()), []);
  assert.deepEqual(
    [ledger.stateOf(PIECE), ledger.missingCount, arena.freeCount()],
    [PIECE_STATE.missing, 2, 2],
  );
});

test('an owner dies after the last block, before its report: the piece is hashed', () => {
  for (const filled of [false, true]) {
    const { arena, ledger, slot } = claimed();
    for (const block of [0, 1]) arena.receive(slot, block, SENDER);
    if (filled) ledger.fill(PIECE, OWNER);
    assert.deepEqual(reclaim(OWNER, ledger, arena, new Set()), [{ piece: PIECE, slot }]);
    assert.equal(ledger.stateOf(PIECE), PIECE_STATE.full);
    assert.deepEqual(reclaim(OWNER, ledger, arena, new Set([slot])), [], 'but not twice');
  }
});

test('a guest dies after the last block, before its report: the piece is hashed', () => {
  for (const filled of [false, true]) {
    const { arena, ledger, slot } = claimed();
    arena.join(slot, PIECE, GUEST);
    for (const block of [0, 1]) arena.receive(slot, block, SENDER);
    arena.leave(slot, OWNER);
    if (filled) ledger.fill(PIECE, OWNER);
    assert.deepEqual(reclaim(GUEST, ledger, arena, new Set()), [{ piece: PIECE, slot }]);
    arena.discard(slot);
    assert.equal(arena.freeCount(), 2);
  }
});

test('a guest dies after it left the full slot, before its report: the piece is hashed', () => {
  const { arena, ledger, slot } = claimed();
  arena.join(slot, PIECE, GUEST);
  for (const block of [0, 1]) arena.receive(slot, block, SENDER);
  ledger.fill(PIECE, OWNER);
  arena.leave(slot, GUEST);
  assert.deepEqual(reclaim(GUEST, ledger, arena, new Set()), [{ piece: PIECE, slot }]);
});

test('an owner dies while its guest goes on: the guest can no longer fill the piece, and the slot waits for the guest', () => {
  const { arena, ledger, slot } = claimed();
  arena.join(slot, PIECE, GUEST);
  assert.deepEqual(reclaim(OWNER, ledger, arena, new Set()), []);
  for (const block of [0, 1]) arena.receive(slot, block, SENDER);
  assert.equal(ledger.fill(PIECE, OWNER), false);
  assert.equal(arena.freeCount(), 1);
  arena.leave(slot, GUEST);
  assert.equal(arena.freeCount(), 2);
});

test('a claim without a slot is given back', () => {
  const ledger = new Ledger(Ledger.allocate(2));
  const arena = new Arena(Arena.allocate(geometry(65_536, 32_768), 65_536));
  ledger.claim(PIECE, OWNER);
  reclaim(OWNER, ledger, arena, new Set());
  assert.equal(ledger.missingCount, 2);
});
