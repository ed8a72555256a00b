/** What has arrived of pieces that are not verified yet, by the states of their slots. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pendingBytes } from '../../src/main/download/pending-bytes.ts';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, type SlotIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { peerAsSender } from '../../src/shared/sender.ts';

const OWNER = shardId(1);
const SENDER = peerAsSender(peerIndex(0));
const BLOCK = 16_384;
const [FIRST, LAST] = [0 as PieceIndex, 1 as PieceIndex];

/** Two pieces: one of four blocks, one of a block and 100 bytes. */
function claimed() {
  const arena = new Arena(Arena.allocate(geometry(5 * BLOCK + 100, 4 * BLOCK), 8 * BLOCK));
  const ledger = new Ledger(Ledger.allocate(2));
  const slotOf = (piece: PieceIndex): SlotIndex => {
    ledger.claim(piece, OWNER);
    return arena.claim(piece, OWNER) ?? assert.fail('no slot is free');
  };
  const slots = [slotOf(FIRST), slotOf(LAST)] as const;
  const receive = (slot: SlotIndex, blocks: readonly number[]): void => {
    for (const block of blocks) {
      arena.take(slot, block);
      arena.receive(slot, block, SENDER);
    }
  };
  return { arena, ledger, slots, receive };
}

test('whole blocks count, the last one with its length; blocks that are still arriving do not', () => {
  const { arena, ledger, slots, receive } = claimed();
  assert.equal(pendingBytes(ledger, arena), 0);
  receive(slots[0], [0, 2]);
  arena.take(slots[0], 1);
  assert.equal(pendingBytes(ledger, arena), 2 * BLOCK);
  receive(slots[1], [0, 1]);
  assert.equal(pendingBytes(ledger, arena), 3 * BLOCK + 100);
});

test('a parked piece keeps its blocks; a full one counts until it is verified, and not after that', () => {
  const { arena, ledger, slots, receive } = claimed();
  receive(slots[0], [0]);
  arena.park(slots[0], true);
  ledger.release(FIRST, OWNER);
  receive(slots[1], [0, 1]);
  ledger.fill(LAST, OWNER);
  assert.equal(pendingBytes(ledger, arena), 2 * BLOCK + 100);
  ledger.verify(LAST);
  assert.equal(pendingBytes(ledger, arena), BLOCK, 'its slot is not free yet');
  arena.leave(slots[1], OWNER);
  arena.discard(slots[1]);
  assert.equal(pendingBytes(ledger, arena), BLOCK);
});

test('a bad piece that is thrown away, and one that nobody wants any more, do not count', () => {
  const { arena, ledger, slots, receive } = claimed();
  receive(slots[1], [0, 1]);
  ledger.fill(LAST, OWNER);
  arena.discard(slots[1]);
  ledger.reset(LAST);
  assert.equal(pendingBytes(ledger, arena), 0, 'its owner has not left yet');
  receive(slots[0], [0]);
  arena.park(slots[0], true);
  ledger.release(FIRST, OWNER);
  ledger.setPriority([FIRST], PRIORITY.skip);
  assert.equal(pendingBytes(ledger, arena), 0);
});
