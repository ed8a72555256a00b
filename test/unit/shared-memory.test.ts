/** Ledger and arena, one thread: which calls are allowed, and what they change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arena } from '../../src/shared/arena.ts';
import { blocksOfPiece, geometry, lengthOfBlock, lengthOfPiece } from '../../src/shared/geometry.ts';
import { type PieceIndex, peerIndex, pieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { peerAsSender } from '../../src/shared/sender.ts';

const A = shardId(1);
const B = shardId(2);
const SENDER = peerAsSender(peerIndex(7));
const OTHER = peerAsSender(peerIndex(8));
const piece = (index: number): PieceIndex => index as PieceIndex;

test('a piece is claimed once, filled only by its owner, verified for good', () => {
  const ledger = new Ledger(Ledger.allocate(3));
  assert.equal(ledger.claim(piece(1), A), true);
  assert.equal(ledger.claim(piece(1), B), false);
  assert.equal(ledger.fill(piece(1), B), false);
  assert.equal(ledger.release(piece(1), B), false);
  assert.equal(ledger.fill(piece(1), A), true);
  assert.equal(ledger.ownerOf(piece(1)), A);
  ledger.verify(piece(1));
  ledger.verify(piece(1));
  assert.equal(ledger.verifiedCount, 1);
  assert.equal(ledger.reset(piece(1)), false);
  assert.equal(ledger.stateOf(piece(1)), PIECE_STATE.verified);
});

test('released and failed pieces are missing again', () => {
  const ledger = new Ledger(Ledger.allocate(2));
  ledger.claim(piece(0), A);
  assert.equal(ledger.release(piece(0), A), true);
  assert.equal(ledger.claim(piece(0), B), true);
  ledger.fill(piece(0), B);
  assert.equal(ledger.reset(piece(0)), true);
  assert.equal(ledger.claim(piece(0), A), true);
});

test('complete means every piece', () => {
  const ledger = new Ledger(Ledger.allocate(2));
  ledger.verify(piece(0));
  assert.equal(ledger.complete, false);
  ledger.verify(piece(1));
  assert.equal(ledger.complete, true);
});

test('a change of the priority keeps the state, and a change of the state keeps the priority', () => {
  const ledger = new Ledger(Ledger.allocate(3));
  assert.equal(ledger.priorityOf(piece(0)), PRIORITY.normal, 'fresh memory is normal');
  ledger.claim(piece(0), A);
  for (const priority of Object.values(PRIORITY)) {
    ledger.setPriority([piece(0), piece(1)], priority);
    assert.equal(ledger.priorityOf(piece(0)), priority);
    assert.equal(ledger.stateOf(piece(0)), PIECE_STATE.claimed);
    assert.equal(ledger.ownerOf(piece(0)), A);
  }
  assert.equal(ledger.claim(piece(1), B), true);
  assert.equal(ledger.fill(piece(0), A), true);
  assert.equal(ledger.release(piece(1), B), true);
  ledger.verify(piece(0));
  for (const index of [0, 1]) assert.equal(ledger.priorityOf(piece(index)), PRIORITY.now);
});

test('a skipped piece is not claimed, is not waited for, and may be wanted again', () => {
  const ledger = new Ledger(Ledger.allocate(3));
  ledger.setPriority([piece(0), piece(1)], PRIORITY.skip);
  assert.equal(ledger.claim(piece(0), A), false);
  assert.deepEqual([ledger.stateOf(piece(0)), ledger.isWanted(piece(0))], [PIECE_STATE.unwanted, false]);
  assert.equal(ledger.missingCount, 1);
  ledger.claim(piece(2), A);
  ledger.setPriority([piece(2)], PRIORITY.skip);
  assert.equal(ledger.stateOf(piece(2)), PIECE_STATE.claimed, 'what is begun goes on');
  ledger.release(piece(2), A);
  assert.equal(ledger.missingCount, 0);
  ledger.setPriority([piece(1), piece(2)], PRIORITY.low);
  assert.equal(ledger.missingCount, 2);
  for (const index of [1, 2]) ledger.verify(piece(index));
  assert.equal(ledger.complete, true);
  ledger.setPriority([piece(0)], PRIORITY.normal);
  assert.equal(ledger.complete, false);
});

test('the urgent pieces of a large torrent are found by an index, and each change counts once', () => {
  const ledger = new Ledger(Ledger.allocate(1_000_000));
  const urgent = [3, 4, 1_023, 1_024, 700_000, 999_999].map(piece);
  const { urgentChanges, levelChanges } = ledger;
  ledger.setPriority(urgent, PRIORITY.now);
  assert.deepEqual(ledger.urgentPieces(), urgent);
  assert.deepEqual([ledger.urgentChanges - urgentChanges, ledger.levelChanges - levelChanges], [1, 0]);
  ledger.setPriority(urgent.slice(0, 5), PRIORITY.normal);
  assert.deepEqual(ledger.urgentPieces(), [999_999]);
  ledger.setPriority(urgent.slice(0, 5), PRIORITY.high);
  assert.deepEqual([ledger.levelChanges - levelChanges, ledger.hasLevels], [1, true]);
  ledger.setPriority(urgent, PRIORITY.normal);
  assert.equal(ledger.hasLevels, false);
});

test('availability is peers with the piece, seeds counted once for all', () => {
  const ledger = new Ledger(Ledger.allocate(2));
  ledger.addSeed(1);
  ledger.addAvailability(piece(1), 1);
  assert.deepEqual(
    [ledger.availabilityOf(piece(0)), ledger.availabilityOf(piece(1)), ledger.rarityOf(piece(1))],
    [1, 2, 1],
  );
});

test('slots are bounded by memory and by the number of pieces; one must fit', () => {
  const g = geometry(10 * 65_536, 65_536);
  assert.equal(Arena.allocate(g, 3 * 65_536 + 1).slotCount, 3);
  assert.equal(Arena.allocate(g, 2 ** 30).slotCount, 10);
  assert.throws(
    () => Arena.allocate(g, 65_535),
    /one piece of this torrent takes 65536 bytes: more than --memory 65535/,
  );
});

test('a slot has one owner, a block one writer, and the last block is reported', () => {
  const arena = new Arena(Arena.allocate(geometry(40_000, 40_000), 65_536));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  assert.equal(arena.claim(piece(0), B), null);
  assert.equal(arena.take(slot, 1), true);
  assert.equal(arena.take(slot, 1), false);
  arena.untake(slot, 1);
  assert.equal(arena.take(slot, 1), true);
  assert.equal(arena.receive(slot, 1, SENDER), false);
  assert.equal(arena.hasReceived(slot, 1), true);
  for (const block of [0, 2]) arena.take(slot, block);
  assert.equal(arena.receive(slot, 2, SENDER), false);
  assert.equal(arena.receive(slot, 0, SENDER), true);
  assert.equal(arena.pieceBytes(slot).length, 40_000);
  arena.discard(slot);
  assert.equal(arena.claim(piece(0), B), null, 'its owner is still in it');
  arena.leave(slot, A);
  const again = arena.claim(piece(0), B);
  assert.equal(again, slot);
  assert.equal(arena.receivedCount(slot), 0);
  assert.equal(arena.take(slot, 1), true, 'a new claim starts with an empty bitmap');
});

test('a guest may join once, keeps the slot from being used again, and leaves', () => {
  const arena = new Arena(Arena.allocate(geometry(65_536, 65_536), 65_536));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  assert.equal(arena.join(slot, piece(0), B), true);
  assert.equal(arena.guestOf(slot), B);
  assert.equal(arena.join(slot, piece(0), shardId(3)), false, 'one guest is enough');
  assert.equal(arena.park(slot, true), false, 'a guest is at work');
  arena.leave(slot, A);
  arena.discard(slot);
  assert.equal(arena.claim(piece(0), A), null, 'the guest may still write');
  arena.leave(slot, B);
  assert.equal(arena.freeCount(), 1);
});

/** One piece of four blocks, of which the first two are received. */
function halfFull() {
  const arena = new Arena(Arena.allocate(geometry(65_536, 65_536), 65_536));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  for (const [block, sender] of [SENDER, OTHER].entries()) {
    arena.take(slot, block);
    arena.receive(slot, block, sender);
  }
  return { arena, slot };
}

test('a parked slot keeps its blocks for the next owner, and is freed when memory is needed', () => {
  const { arena, slot } = halfFull();
  arena.take(slot, 2);
  assert.equal(arena.park(slot, true), true);
  assert.deepEqual([arena.parked(), arena.freeCount()], [[slot], 0]);
  assert.equal(arena.adopt(piece(1), B), null, 'another piece');
  assert.equal(arena.adopt(piece(0), B), slot);
  assert.deepEqual([arena.receivedCount(slot), arena.isTaken(slot, 2)], [2, false]);
  assert.deepEqual(arena.senders(slot), [SENDER, OTHER, null, null]);
  assert.equal(arena.park(slot, true), true);
  assert.equal(arena.evict(), 2);
  assert.equal(arena.evict(), null);
  assert.equal(arena.freeCount(), 1);
});

test('a piece that failed is fetched again without one sender, or from one alone', () => {
  const { arena, slot } = halfFull();
  for (const block of [2, 3]) {
    arena.take(slot, block);
    arena.receive(slot, block, OTHER);
  }
  const rule = { avoid: [OTHER], solo: false };
  assert.equal(arena.retry(slot, rule), false, 'its owner is still in it');
  arena.leave(slot, A);
  assert.equal(arena.retry(slot, rule), true);
  assert.equal(arena.adopt(piece(0), B), slot);
  assert.deepEqual([arena.avoidedIn(slot), arena.isSolo(slot)], [[OTHER], false]);
  assert.deepEqual(arena.senders(slot), [SENDER, null, null, null]);
  arena.leave(slot, B);
  arena.retry(slot, { avoid: [], solo: true });
  for (const tries of [1, 2, 3]) {
    assert.equal(arena.adopt(piece(0), B), slot);
    assert.deepEqual([arena.receivedCount(slot), arena.isSolo(slot)], [0, true], `try ${tries}`);
    assert.equal(arena.join(slot, piece(0), A), false, 'no guest helps');
    arena.take(slot, 0);
    arena.receive(slot, 0, SENDER);
    arena.park(slot, true);
  }
  arena.adopt(piece(0), B);
  assert.equal(arena.isSolo(slot), false, 'no holder finishes it alone');
});

test('the owner cleans up once after a dead guest; a dead owner leaves the slot to the guest', () => {
  const arena = new Arena(Arena.allocate(geometry(65_536, 65_536), 65_536));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  arena.join(slot, piece(0), B);
  arena.bury(slot, B);
  assert.equal(arena.isOpen(slot), false, 'no holder joins before the owner has cleaned up');
  assert.equal(arena.lostGuest(slot), true);
  arena.forgetGuest(slot);
  assert.deepEqual([arena.lostGuest(slot), arena.isOpen(slot)], [false, true]);
  arena.join(slot, piece(0), B);
  arena.bury(slot, A);
  arena.discard(slot);
  assert.equal(arena.freeCount(), 0);
  assert.equal(arena.isDiscarded(slot), true);
  arena.leave(slot, B);
  assert.equal(arena.freeCount(), 1);
});

test('blocks beyond the 32nd have bits of their own', () => {
  const arena = new Arena(Arena.allocate(geometry(100 * 16_384, 100 * 16_384), 2 ** 21));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  for (let block = 0; block < 100; block++) {
    assert.equal(arena.take(slot, block), true);
    assert.equal(arena.receive(slot, block, SENDER), block === 99);
  }
});

test('geometry: short last piece, short last block', () => {
  const g = geometry(3 * 32_768 + 20_000, 32_768);
  assert.equal(g.pieceCount, 4);
  assert.equal(lengthOfPiece(g, piece(3)), 20_000);
  assert.equal(blocksOfPiece(g, piece(3)), 2);
  assert.equal(lengthOfBlock(g, piece(3), 1), 20_000 - 16_384);
  assert.equal(lengthOfBlock(g, piece(0), 1), 16_384);
});

test('indices are checked where they are made', () => {
  assert.equal(pieceIndex(4, 4), null);
  assert.equal(pieceIndex(-1, 4), null);
  assert.equal(pieceIndex(1.5, 4), null);
  assert.equal(pieceIndex(3, 4), 3);
  assert.throws(() => shardId(0), /reserved/);
  assert.throws(() => peerIndex(-1), /out of range/);
});

test('when no sender is avoided in a slot any more, guests may join it', () => {
  const arena = new Arena(Arena.allocate(geometry(65_536, 32_768), 32_768));
  const slot = arena.claim(piece(0), A);
  assert.ok(slot !== null);
  arena.leave(slot, A);
  arena.retry(slot, { avoid: [SENDER], solo: false });
  assert.equal(arena.adopt(piece(0), B), slot);
  assert.equal(arena.isOpen(slot), false, 'a rule holds there');
  assert.equal(arena.relent(slot), 0);
  assert.deepEqual([arena.avoidedIn(slot), arena.isOpen(slot)], [[], true]);
  assert.equal(arena.join(slot, piece(0), A), true);
});
