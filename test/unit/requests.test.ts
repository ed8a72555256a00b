/** The parts of the requester that need no peer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex, SlotIndex } from '../../src/shared/indices.ts';
import { shardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { PieceSet } from '../../src/workers/peer/piece-set.ts';
import { ActivePiece } from '../../src/workers/requests/active-piece.ts';
import { OrderCursor } from '../../src/workers/requests/order-cursor.ts';
import { PieceOrder } from '../../src/workers/requests/piece-order.ts';
import { RequestQueue } from '../../src/workers/requests/request-queue.ts';
import { RequestWindow } from '../../src/workers/requests/request-window.ts';
import { RequestBook, type RequestedPeer } from '../../src/workers/requests/requester.ts';
import { RequestBatch } from '../../src/workers/wire/encoder.ts';
import { dice } from '../support/dice.ts';
import { wire } from '../support/wire-bytes.ts';

const piece = (index: number): PieceIndex => index as PieceIndex;

/** A seed. */
const ALL = { has: () => true };

test('a queue forgets received blocks in any order, and keeps the oldest when drained', () => {
  const queue = new RequestQueue();
  for (let key = 0; key < 3_000; key++) queue.push(key);
  for (let key = 0; key < 2_000; key++) assert.equal(queue.remove(key), true);
  assert.equal(queue.remove(1), false);
  assert.equal(queue.remove(2_500), true);
  assert.equal(queue.size, 999);
  assert.deepEqual(queue.drain(997), [2_998, 2_999]);
  assert.equal(queue.drain().length, 997);
  assert.equal(queue.size, 0);
});

test('a window starts small, doubles with received blocks, and settles at two seconds of the rate', () => {
  const window = new RequestWindow();
  window.setPeerQueue(2_000);
  assert.equal(window.size, 16);
  let now = 0;
  for (let i = 0; i < 64; i++) {
    now += 1;
    window.received(16_384, now);
  }
  assert.equal(window.size, 80);
  // 1 MiB per second from now on: 64 blocks, so 128 in two seconds.
  for (let i = 0; i < 1_000; i++) {
    now += 1_000 / 64;
    window.received(16_384, now);
  }
  assert.ok(Math.abs(window.size - 128) <= 2, `${window.size}`);
  window.snub();
  assert.equal(window.size, 1);
});

test('a window never exceeds what the peer queues', () => {
  const window = new RequestWindow();
  window.setPeerQueue(50);
  for (let i = 0; i < 100; i++) window.received(16_384, i);
  assert.equal(window.size, 50);
});

test('the order is rarest first, without pieces that are not missing', () => {
  const ledger = new Ledger(Ledger.allocate(10));
  for (let index = 6; index < 10; index++) ledger.verify(piece(index));
  for (const [index, peers] of [5, 1, 4, 2, 3, 1].entries())
    for (let i = 0; i < peers; i++) ledger.addAvailability(piece(index), 1);
  ledger.claim(piece(1), shardId(1));
  const order = new PieceOrder(ledger, 'rarest', () => 0.3);
  const cursor = new OrderCursor();
  const taken: number[] = [];
  for (;;) {
    const next = order.next(cursor, ALL, () => true, 0);
    if (next === null) break;
    taken.push(next);
    ledger.claim(next, shardId(1));
  }
  assert.deepEqual(taken, [5, 3, 4, 2, 0]);
});

test('the first pieces are picked at random, however rare others are', () => {
  const ledger = new Ledger(Ledger.allocate(1_000));
  for (let index = 0; index < 999; index++) ledger.addAvailability(piece(index), 1);
  const order = new PieceOrder(ledger, 'rarest', () => dice(7)(1_000) / 1_000);
  const cursor = new OrderCursor();
  assert.notEqual(
    order.next(cursor, ALL, () => true, 0),
    999,
  );
  for (let index = 0; index < 4; index++) ledger.verify(piece(index));
  assert.equal(
    order.next(cursor, ALL, () => true, 2_000),
    999,
    'then the rarest',
  );
});

test('a piece that another shard gives back is found again', () => {
  const ledger = new Ledger(Ledger.allocate(3));
  const order = new PieceOrder(ledger, 'rarest', () => 0.5);
  const cursor = new OrderCursor();
  ledger.claim(piece(0), shardId(2));
  for (let i = 0; i < 2; i++) ledger.claim(order.next(cursor, ALL, () => true, 0) as PieceIndex, shardId(1));
  assert.equal(
    order.next(cursor, ALL, () => true, 100),
    null,
  );
  ledger.release(piece(0), shardId(2));
  assert.equal(
    order.next(cursor, ALL, () => true, 200),
    null,
  );
  assert.equal(
    order.next(cursor, ALL, () => true, 2_500),
    0,
  );
});

test('the order respects the peer’s pieces', () => {
  const order = new PieceOrder(new Ledger(Ledger.allocate(100)), 'rarest', Math.random);
  assert.equal(
    order.next(new OrderCursor(), ALL, (index) => index === 42, 0),
    42,
  );
  assert.equal(
    order.next(new OrderCursor(), ALL, () => false, 0),
    null,
  );
});

test('ties are random: two shards have different orders', () => {
  const first = (random: () => number) =>
    new PieceOrder(new Ledger(Ledger.allocate(1_000)), 'rarest', random).next(
      new OrderCursor(),
      ALL,
      () => true,
      0,
    );
  assert.notEqual(
    first(() => 0.1),
    first(() => 0.9),
  );
});

test('an active piece hands out each block once, again when it is given back, and to a second peer in the endgame', () => {
  const peer = () => ({ book: new RequestBook() }) as RequestedPeer;
  const [one, two, three] = [peer(), peer(), peer()];
  const ask = (from: RequestedPeer): number => active.ask(from, 0);
  const active = new ActivePiece(piece(0), 0 as SlotIndex, 3, 0);
  assert.deepEqual([ask(one), ask(one), ask(one), ask(one)], [0, 1, 2, -1]);
  active.giveBack(1, two);
  assert.equal(active.unasked, 0, 'only who was asked can give back');
  active.giveBack(1, one);
  assert.deepEqual([active.unasked, active.owed], [1, 2]);
  assert.equal(ask(two), 1);
  const again = (from: RequestedPeer) => [0, 1, 2].map((block) => active.askAgain(block, from));
  assert.deepEqual(again(two), [true, false, true]);
  assert.deepEqual(again(three), [false, true, false], 'never a third');
  assert.equal(
    active.askInstead(1, one, () => false),
    null,
  );
  assert.equal(
    active.askInstead(1, one, (other) => other === three),
    three,
    'but in the place of one',
  );
  assert.equal(
    active.askInstead(1, three, (other) => other === one),
    one,
  );
  active.giveBack(2, one);
  assert.equal(active.unasked, 0, 'the second still owes it');
  assert.deepEqual(active.came(0, two), [one]);
  assert.deepEqual(active.came(1, two), [three]);
  assert.deepEqual(active.came(2, two), []);
  assert.deepEqual([active.owed, active.unasked], [0, 0]);
  active.reopen(2);
  assert.equal(ask(one), 2);
});

test('a piece set: bitfields merge, a full set is a seed, spare bits are refused', () => {
  const set = new PieceSet(10);
  assert.equal(set.addBitfield(Uint8Array.from([0b1010_0000, 0b0100_0000])), true);
  assert.deepEqual([set.has(0), set.has(1), set.has(9), set.count], [true, false, true, 3]);
  assert.equal(set.addBitfield(Uint8Array.from([0, 1])), false, 'spare bit');
  assert.equal(set.addBitfield(Uint8Array.from([0xff])), false, 'too short');
  assert.equal(set.add(piece(0)), false);
  assert.equal(set.addBitfield(Uint8Array.from([0xff, 0xc0])), true);
  assert.equal(set.complete, true);
  assert.equal(set.has(7), true);
});

test('requests leave in one buffer, byte for byte as BEP 3 writes them', () => {
  const batch = new RequestBatch();
  batch.add(1, 16_384, 16_384, 1);
  batch.add(2, 0, 100, 1);
  assert.deepEqual(batch.take(), Buffer.concat([wire.request(1, 16_384, 16_384), wire.request(2, 0, 100)]));
  assert.equal(batch.take(), null);
});
