/** Priorities in the order of pieces, and what a reader waits for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PieceIndex, shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { RANDOM_FIRST_PIECES, TICK_MS } from '../../src/shared/limits.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { PieceSet } from '../../src/workers/peer/piece-set.ts';
import { OrderCursor } from '../../src/workers/requests/order-cursor.ts';
import { PieceOrder } from '../../src/workers/requests/piece-order.ts';
import { UrgentPieces } from '../../src/workers/requests/urgent-pieces.ts';
import { candidates } from '../../src/workers/web-seeds/candidates.ts';
import { dice } from '../support/dice.ts';

const piece = (index: number): PieceIndex => index as PieceIndex;
const A = shardId(1);
/** A seed. */
const ALL = { has: () => true };

/** Claims all that the order gives, and returns it. */
function taken(ledger: Ledger, order: PieceOrder, now = 0): number[] {
  const cursor = new OrderCursor();
  const all: number[] = [];
  for (;;) {
    const next = order.next(cursor, ALL, () => true, now);
    if (next === null) return all;
    ledger.claim(next, A);
    all.push(next);
  }
}

test('higher priorities come first, and within one the rarest', () => {
  const ledger = new Ledger(Ledger.allocate(12));
  for (let index = 8; index < 12; index++) ledger.verify(piece(index));
  for (const [index, peers] of [5, 1, 4, 2, 3, 1, 7, 6].entries())
    for (let i = 0; i < peers; i++) ledger.addAvailability(piece(index), 1);
  ledger.setPriority([piece(1)], PRIORITY.low);
  ledger.setPriority([piece(5)], PRIORITY.skip);
  ledger.setPriority([piece(6), piece(0)], PRIORITY.high);
  assert.deepEqual(taken(ledger, new PieceOrder(ledger, 'rarest', () => 0.3)), [0, 6, 3, 4, 2, 7, 1]);
});

test('in the order of the torrent, and at random at first, priorities come first as well', () => {
  const ledger = new Ledger(Ledger.allocate(6));
  ledger.setPriority([piece(4), piece(2)], PRIORITY.high);
  ledger.setPriority([piece(0)], PRIORITY.low);
  assert.deepEqual(taken(ledger, new PieceOrder(ledger, 'sequential', () => 0.3)), [2, 4, 1, 3, 5, 0]);
  for (let index = 0; index < 6; index++) ledger.release(piece(index), A);
  const random = taken(ledger, new PieceOrder(ledger, 'rarest', () => 0.3));
  assert.deepEqual(random.slice(0, 2).sort(), [2, 4]);
  assert.equal(random.at(-1), 0);
});

test('a piece that nodes of a cluster had reserved is found as soon as it is open, although the search had passed it', () => {
  const ledger = new Ledger(Ledger.allocate(10, true));
  for (let index = 5; index < 10; index++) ledger.verify(piece(index));
  const order = new PieceOrder(ledger, 'rarest', () => 0.3);
  const cursor = new OrderCursor();
  const next = () =>
    order.next(cursor, ALL, (candidate) => !ledger.reserved.isClosed('outside', candidate), 0);
  for (let index = 0; index < 5; index++) ledger.reserved.close('outside', piece(index), true);
  assert.equal(next(), null);
  assert.equal(ledger.reserved.close('nodes', piece(3), false), false);
  assert.equal(ledger.reserved.close('outside', piece(3), false), true);
  ledger.reserved.opened();
  assert.equal(next(), 3);
});

test('a search through many pieces comes to its end although others are opened all the time', () => {
  const ledger = new Ledger(Ledger.allocate(50_000, true));
  const order = new PieceOrder(ledger, 'sequential', () => 0.3);
  const cursor = new OrderCursor();
  let found: number | null = null;
  for (let looks = 0; looks < 10 && found === null; looks++) {
    ledger.reserved.opened();
    found = order.next(cursor, ALL, (candidate) => candidate === 49_999, 0);
  }
  assert.equal(found, 49_999);
});

/**
 * What look-ups find for a node that has a tenth of the pieces: the last ones in the order, because all others are with seeds alone.
 * All the while it says that it got more, and its shard makes a new order every two seconds.
 */
function foundAtNode(missing: number, seconds: number): number {
  const ledger = new Ledger(Ledger.allocate(missing + RANDOM_FIRST_PIECES, true));
  for (let index = 0; index < RANDOM_FIRST_PIECES; index++) ledger.verify(piece(missing + index));
  const node = new PieceSet(ledger.pieceCount);
  for (let index = 0; index < missing; index += 10) {
    node.add(piece(index));
    ledger.addAvailability(piece(index), 1);
  }
  const random = dice(7);
  const order = new PieceOrder(ledger, 'rarest', () => random(1_000_000) / 1_000_000);
  const cursor = new OrderCursor();
  let found = 0;
  for (let now = 0; now < seconds * 1_000; now += TICK_MS) {
    cursor.widened();
    order.markStale();
    const next = order.next(cursor, node, () => true, now);
    if (next === null) continue;
    ledger.claim(next, A);
    found += 1;
  }
  return found;
}

test('what a node of a cluster has is found in large torrents as well, although it gets more all the time', () => {
  assert.equal(foundAtNode(4_000, 10), 40, 'at each tick');
  assert.equal(foundAtNode(50_000, 10), 40);
  assert.ok(foundAtNode(200_000, 10) > 30);
  assert.ok(foundAtNode(1_000_000, 10) > 20);
});

test('a search that is long begins at once with what the user wants first', () => {
  const ledger = new Ledger(Ledger.allocate(200_000));
  const order = new PieceOrder(ledger, 'sequential', () => 0.5);
  const cursor = new OrderCursor();
  const pieces = { has: (candidate: number) => candidate === 5 || candidate === 199_999 };
  assert.equal(
    order.next(cursor, pieces, (candidate) => candidate !== 5, 0),
    null,
  );
  ledger.setPriority([piece(5)], PRIORITY.high);
  assert.equal(
    order.next(cursor, pieces, () => true, 0),
    5,
  );
});

test('a change of priority takes effect at the next look-up, also with a new order', () => {
  const ledger = new Ledger(Ledger.allocate(100));
  const order = new PieceOrder(ledger, 'sequential', () => 0.5);
  const cursor = new OrderCursor();
  const next = () => order.next(cursor, ALL, () => true, 0);
  assert.equal(next(), 0);
  ledger.setPriority([piece(77)], PRIORITY.high);
  assert.equal(next(), 77);
  ledger.setPriority([piece(77)], PRIORITY.low);
  assert.equal(next(), 0);
  ledger.setPriority([piece(0)], PRIORITY.skip);
  assert.equal(next(), 1);
});

test('a reader waits for pieces in progress, up to the first piece of its row that was not started', () => {
  const ledger = new Ledger(Ledger.allocate(40));
  const urgent = new UrgentPieces(ledger);
  assert.deepEqual([...urgent.awaited()], []);
  ledger.setPriority([3, 4, 5, 6, 20, 21].map(piece), PRIORITY.now);
  assert.deepEqual(urgent.pieces, [3, 4, 5, 6, 20, 21]);
  for (const index of [4, 5, 21, 30]) ledger.claim(piece(index), A);
  assert.deepEqual([...urgent.awaited()], [], 'both rows begin with a missing piece');
  ledger.verify(piece(3));
  assert.deepEqual([...urgent.awaited()], [4, 5]);
  ledger.claim(piece(20), A);
  assert.deepEqual([...urgent.awaited()], [4, 5, 20, 21], 'each row is a window of its own');
  ledger.setPriority([4, 5].map(piece), PRIORITY.normal);
  assert.deepEqual([...urgent.awaited()], [20, 21]);
});

test('web seeds take pieces of readers first, then each priority in turn from their position', () => {
  const ledger = new Ledger(Ledger.allocate(6));
  const look = (urgent: readonly PieceIndex[] = []) => [
    ...candidates({ ledger, urgent, from: 3, count: 6, isFor: (one) => one !== 5 }),
  ];
  assert.deepEqual(look(), [3, 4, 0, 1, 2]);
  ledger.setPriority([piece(0)], PRIORITY.high);
  ledger.setPriority([piece(3)], PRIORITY.low);
  assert.deepEqual(look(), [0, 4, 1, 2, 3]);
  assert.equal(look([piece(2), piece(5)])[0], 2);
});
