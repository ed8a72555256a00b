/** Suggestions (BEP 6), in virtual time: what we do with those of a peer, and which ones we make. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RaisedPieces, ReadingWindow } from '../../src/main/download/raised-pieces.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { OPEN_SUGGESTIONS, SUGGESTION_MS } from '../../src/shared/limits.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import type { FakePeerScript } from '../support/fake-peer.ts';
import { blocksOf, GivingShard, type Leech, leech } from '../support/leech.ts';
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

/** More than the cache holds. */
const PIECES = 160;
const BIG: VirtualShardOptions = { pieces: PIECES, verified: PIECES, pieceLength: 262_144 };
const ALL_BUT_THREE = '000'.padEnd(PIECES, '1');
/** It has the three pieces that those lack. */
const THREE = '111'.padEnd(PIECES, '0');
const suggestedTo = ({ heard }: Leech) => heard.filter(({ id }) => id === 13).map(({ piece }) => piece);
/** It takes the first pieces. */
const taker = (pieces: number) => leech(blocksOf(pieces, 16), { has: ALL_BUT_THREE });

test('what one peer requests is suggested to others that lack it, and to no other peer', async () => {
  const [takes, has, lacks, choked, old] = [
    taker(1),
    leech([], { has: THREE }),
    leech(),
    leech(),
    leech([], { fast: false }),
  ];
  const giving = new GivingShard(BIG, [takes, has, lacks, choked, old]);
  await giving.run(100);
  giving.choose([0, 1, 2, 4]);
  await giving.run(1_000);
  assert.equal(takes.blocks().length, 16);
  assert.deepEqual([takes, has, lacks, choked, old].map(suggestedTo), [[], [], [0], [], []]);
  giving.choose([3]);
  await giving.run(5);
  const [suggestion, unchoke] = choked.heard.slice(-2);
  assert.deepEqual([suggestion?.id, suggestion?.piece, unchoke?.id], [13, 0, 1], 'before the unchoke');
});

test('two suggestions at one time: the next when one was followed, or after a while', async () => {
  const [takes, has, lacks] = [taker(3), leech([], { has: THREE }), leech()];
  const giving = new GivingShard(BIG, [takes, has, lacks]);
  await giving.run(100);
  giving.choose([0, 1, 2]);
  await giving.run(1_000);
  assert.deepEqual(suggestedTo(lacks).length, OPEN_SUGGESTIONS);
  assert.ok(!suggestedTo(lacks).includes(0), 'the newest');
  giving.fakes[2]?.say(wire.have(2));
  await giving.run(500);
  assert.deepEqual(suggestedTo(lacks).slice(OPEN_SUGGESTIONS), [0]);
  await giving.run(SUGGESTION_MS, 50);
  assert.deepEqual(
    suggestedTo(lacks)
      .slice(OPEN_SUGGESTIONS + 1)
      .sort(),
    [0, 1],
  );
});

for (const [why, options, others] of [
  ['a torrent that fits into the cache', { ...BIG, pieceLength: 16_384 }, THREE],
  ['super-seeding', { ...BIG, given: { superSeed: true } }, THREE],
  ['pieces that only we have', BIG, '110'.padEnd(PIECES, '0')],
] as const)
  test(`nothing is suggested: ${why}`, async () => {
    const blocks = blocksOf(1, options.pieceLength === 16_384 ? 1 : 16);
    const [takes, has, lacks] = [leech(blocks, { has: ALL_BUT_THREE }), leech([], { has: others }), leech()];
    const giving = new GivingShard(options, [takes, has, lacks]);
    await giving.run(100);
    giving.choose([0, 1, 2]);
    await giving.run(2_000, 20);
    assert.deepEqual(suggestedTo(lacks), []);
  });

test('a piece that we give no more is not suggested', async () => {
  const [takes, has, lacks] = [taker(2), leech([], { has: THREE }), leech()];
  const giving = new GivingShard(BIG, [takes, has, lacks]);
  await giving.run(100);
  giving.choose([0, 1]);
  await giving.run(500);
  giving.shard.command({ type: 'verdicts', verified: [], withheld: [1 as PieceIndex] });
  giving.choose([2]);
  await giving.run(500);
  assert.deepEqual([takes.blocks().length, suggestedTo(lacks)], [32, [0]]);
});
