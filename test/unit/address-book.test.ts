/** How long a lost peer waits, try after try. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CloseCode } from '../../src/shared/close-reason.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { RECONNECT_JITTER_PERCENT } from '../../src/shared/limits.ts';
import { AddressBook } from '../../src/workers/dialling/address-book.ts';

const address = { peer: peerIndex(1), host: '1.2.3.4', port: 5 };

/** Seconds of the waits of one peer that is lost in this way each time. */
function waits(code: CloseCode, tries: number, random = 0.5): (number | null)[] {
  const book = new AddressBook(() => random);
  return Array.from({ length: tries }, () => {
    const wait = book.retryLater(address, code, 0);
    return wait === null ? null : wait / 1_000;
  });
}

test('a peer that cannot be reached: doubling up to two minutes, without end', () => {
  const all = waits('refused', 1_000);
  assert.deepEqual(all.slice(0, 6), [10, 20, 40, 80, 120, 120]);
  assert.equal(all.at(-1), 120);
});

test('a peer that broke the rules or serves another torrent: rarely, up to an hour', () => {
  assert.deepEqual(waits('wrong-info-hash', 6), [300, 600, 1_200, 2_400, 3_600, 3_600]);
});

test('a banned peer, or this client itself: never', () => {
  for (const code of ['bad-data', 'self', 'private'] as const) assert.deepEqual(waits(code, 2), [null, null]);
});

test('peers that were lost together are dialled one after the other', () => {
  const least = 1 - RECONNECT_JITTER_PERCENT / 100;
  assert.deepEqual(waits('reset', 2, 0), [10 * least, 20 * least]);
  assert.ok((waits('reset', 1, 0.999)[0] ?? 0) > 12);
});

test('a peer that sent data and closed the connection is dialled again after two seconds, before new addresses and other lost ones', () => {
  const book = new AddressBook(() => 0.5);
  const other = { ...address, peer: peerIndex(2) };
  book.retryLater(other, 'reset', 0);
  book.retryLater(address, 'reset', 0);
  book.forgive(address.peer);
  assert.equal(book.retryLater(address, 'stalled', 0), 10_000, 'unless we had enough of it');
  book.forgive(address.peer);
  assert.equal(book.retryLater(address, 'reset', 0), 2_000);
  assert.equal(book.retryLater(address, 'refused', 0), 20_000, 'the next wait is as for any other');
  book.forgive(address.peer);
  book.retryLater(address, 'reset', 8_000);
  const unknown = { ...address, peer: peerIndex(3) };
  book.add([unknown]);
  book.tick(10_000);
  assert.deepEqual([book.nextNew(), book.nextNew(), book.nextLost()], [address, unknown, other]);
});

test('a peer that names many addresses does not delay the addresses from others', () => {
  const book = new AddressBook(() => 0.5);
  const named = (group: number, first: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...address, peer: peerIndex(first + i), group }));
  book.add(named(7, 100, 1_000));
  assert.equal(book.nextNew()?.peer, 100);
  book.add(named(8, 2_000, 2));
  book.add(named(9, 3_000, 1));
  book.addFirst({ ...address, peer: peerIndex(1) });
  book.banish([peerIndex(101), peerIndex(3_000)]);
  const order = Array.from({ length: 6 }, () => book.nextNew()?.peer);
  assert.deepEqual(order, [1, 102, 2_000, 103, 2_001, 104]);
  assert.equal(book.newWaiting, 995);
});

test('a peer that made room for others waits among the new ones, not among the lost', () => {
  const book = new AddressBook(() => 0.5);
  book.retryLater(address, 'replaced', 0);
  book.tick(10_000);
  assert.deepEqual([book.nextLost(), book.nextNew()], [null, address]);
});

test('those that made room and those that were lost take turns, after all that are new', () => {
  const book = new AddressBook(() => 0.5);
  const of = (peer: number) => ({ ...address, peer: peerIndex(peer) });
  for (const peer of [1, 2, 3]) book.retryLater(of(peer), 'surplus', 0);
  for (const peer of [11, 12]) book.retryLater(of(peer), 'refused', 0);
  book.tick(20_000);
  book.add([of(21)]);
  assert.deepEqual([book.newWaiting, book.waiting], [4, 6]);
  const order: (number | undefined)[] = [];
  while (book.waiting > 0) order.push((book.isLostTurn ? book.nextLost() : book.nextNew())?.peer);
  assert.deepEqual(order, [21, 11, 1, 12, 2, 3]);
});
