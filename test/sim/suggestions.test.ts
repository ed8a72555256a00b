/** Suggestions (BEP 6), in virtual time: what we do with those of a peer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RaisedPieces, ReadingWindow } from '../../src/main/download/raised-pieces.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import type { FakePeerScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

/** It says these messages, and 100 ms later it unchokes us. */
const seed = (...says: Uint8Array[]): FakePeerScript => ({
  script: [
    [0, { say: Buffer.concat([handshakeOf(INFO_HASH, '-XX0001-peer', ['fast']), ...says]) }],
    [100, { say: wire.unchoke }],
  ],
  serves: payload,
  delayMs: 5,
});

/** The order in which pieces are requested from the peer. */
function orderFrom(
  peer: FakePeerScript,
  options: VirtualShardOptions = {},
  prepare: (shard: VirtualShard) => void = () => {},
): number[] {
  const shard = new VirtualShard({ slots: 8, chokedTimeoutMs: 600_000, ...options });
  prepare(shard);
  const [fake] = shard.add(peer);
  shard.run(1_000);
  return [...new Set(fake?.requests.map(({ piece }) => piece))];
}

const suggesting = seed(wire.haveAll, wire.suggest(6), wire.suggest(2));

test('the pieces that a peer suggests are requested from it first, the newest before the others', () => {
  const order = orderFrom(suggesting);
  assert.deepEqual([order.slice(0, 2), order.length], [[2, 6], 8]);
  assert.notDeepEqual(orderFrom(seed(wire.haveAll)).slice(0, 2), [2, 6], 'without them another order');
});

test('they do not change an order that the user gave', () => {
  assert.deepEqual(orderFrom(suggesting, { order: 'sequential' }), [0, 1, 2, 3, 4, 5, 6, 7]);
  const order = orderFrom(suggesting, {}, ({ ledger }) =>
    ledger?.setPriority([5 as PieceIndex], PRIORITY.high),
  );
  assert.equal(order[0], 5);
});

test('a piece that a reader waits for comes first', () => {
  const order = orderFrom(suggesting, {}, ({ ledger }) => {
    assert.ok(ledger);
    new ReadingWindow(new RaisedPieces(ledger)).move(4, 5);
  });
  assert.deepEqual(order.slice(0, 3), [4, 2, 6]);
});

test('a piece that the peer lacks, or that we have, is no suggestion', () => {
  const order = orderFrom(seed(wire.bitfield('00110000'), wire.suggest(7), wire.suggest(0)), { verified: 3 });
  assert.deepEqual(order, [3]);
});

test('a piece that does not exist ends the connection', () => {
  const shard = new VirtualShard({ slots: 8 });
  shard.add(seed(wire.haveAll, wire.suggest(8)));
  shard.run(500);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['bad-piece-index'],
  );
});

test('while the torrent is unknown, a suggestion is ignored', () => {
  const shard = new VirtualShard({ magnet: true });
  shard.add(seed(wire.haveAll, wire.suggest(8)));
  shard.run(500);
  assert.deepEqual(shard.closings, []);
});
