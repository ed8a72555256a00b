/** The last pieces, with peers that close the connection, reject, choke or super-seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import { crawling, type FakePeerScript, seedScript, type Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { download, seed } from '../support/virtual-download.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { BLOCK, BLOCKS, completesAt, falling, ONE_PIECE } from '../support/virtual-shards.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

test('a peer closes the connection after 10 of 16 blocks: the next one is asked for the other six, in the same shard or another', () => {
  const leaves: FakePeerScript = {
    ...falling(10),
    script: [...seedScript(INFO_HASH, 1, 10), [300, { end: 'reset' }]],
  };
  const next: FakePeerScript = {
    connect: 8_000,
    script: seedScript(INFO_HASH, 1, 10),
    delayMs: 5,
    serves: payload,
  };
  for (const shards of [[[leaves, next]], [[leaves], [next]]]) {
    let left = 10;
    const fresh = {
      ...leaves,
      serves: (...place: [number, number, number]) => (left-- > 0 ? payload(...place) : null),
    };
    const { ms, fakes } = completesAt(
      shards.map((peers) => peers.map((peer) => (peer === leaves ? fresh : peer))),
      ONE_PIECE,
      14_000,
    );
    assert.ok(ms > 8_000 && ms < 9_000, `${ms} ms`);
    const asked = fakes
      .flat()
      .at(-1)
      ?.requests.map(({ begin }) => begin / BLOCK);
    assert.deepEqual(asked, [10, 11, 12, 13, 14, 15]);
  }
});

test('a parked piece is dropped when its memory is needed, and is then fetched again', () => {
  const leaves: FakePeerScript = {
    ...falling(10),
    script: [
      [0, { say: handshakeOf(INFO_HASH, 'a') }],
      [0, { say: wire.bitfield('10') }],
      [10, { say: wire.unchoke }],
      [300, { end: 'reset' }],
    ],
  };
  const other: FakePeerScript = {
    connect: 5_000,
    script: [
      [0, { say: handshakeOf(INFO_HASH, 'b') }],
      [0, { say: wire.bitfield('01') }],
      [10, { say: wire.unchoke }],
    ],
    serves: payload,
    delayMs: 5,
  };
  const { first } = completesAt(
    [[leaves, other]],
    { pieces: 2, pieceLength: BLOCKS * BLOCK, slots: 1 },
    7_000,
  );
  assert.equal(first.ledger?.stateOf(1 as PieceIndex), PIECE_STATE.verified);
  assert.equal(first.ledger?.stateOf(0 as PieceIndex), PIECE_STATE.missing);
  const stats = first.events.findLast((event) => event.type === 'stats');
  assert.equal(
    stats?.type === 'stats' && stats.stats.wastedBytes,
    10 * BLOCK,
    'what was thrown away is counted',
  );
});

test('a lone seed that rejects every fifth request sends everything: each block is requested again after a second (BEP 6)', () => {
  let count = 0;
  let rejected = 0;
  const picky: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, 'f', ['fast']) }],
      [0, { say: wire.haveAll }],
      [10, { say: wire.unchoke }],
    ],
    delayMs: 5,
    serves: payload,
    hears: (peer, id, message) => {
      if (id !== 6 || ++count % 5 !== 0) return false;
      rejected += 1;
      peer.sayLater(
        5,
        wire.reject(message.readUInt32BE(0), message.readUInt32BE(4), message.readUInt32BE(8)),
      );
      return true;
    },
  };
  const { ms } = completesAt([[picky]], { pieces: 8, pieceLength: 8 * BLOCK, slots: 8 }, 10_000);
  assert.ok(ms < 5_000, `${ms} ms`);
  assert.ok(rejected >= 12, `${rejected} rejections`);
});

test('a peer that rejects everything is asked less and less often', () => {
  const rejects: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, 'f', ['fast']) }],
      [0, { say: wire.haveAll }],
      [10, { say: wire.unchoke }],
    ],
    hears: (peer, id, message) => {
      if (id === 6)
        peer.sayLater(
          5,
          wire.reject(message.readUInt32BE(0), message.readUInt32BE(4), message.readUInt32BE(8)),
        );
      return id === 6;
    },
  };
  const { fakes } = completesAt([[rejects]], { pieces: 8, pieceLength: 8 * BLOCK, slots: 8 }, 60_000);
  const requests = fakes[0]?.[0]?.requests.length ?? 0;
  const heard = fakes[0]?.[0]?.heard.filter((id) => id === 6).length ?? 0;
  assert.equal(requests, 0, 'the script sees to them');
  assert.ok(heard > 16 && heard < 200, `${heard} requests in a minute`);
});

test('on a choke, requests for allowed-fast pieces stay, and the current block is accepted (BEP 6)', () => {
  const fast = handshakeOf(INFO_HASH, 'f', ['fast']);
  const block = (piece: number, at: number) =>
    wire.piece(piece, at * BLOCK, payload(piece, at * BLOCK, BLOCK));
  const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
  const under = block(1, 0);
  const peer: FakePeerScript = {
    script: [
      say(0, fast),
      say(0, wire.haveAll),
      say(0, wire.allowedFast(0)),
      say(10, wire.unchoke),
      say(100, Buffer.concat([wire.choke])),
      say(110, under.subarray(0, 5_000)),
      say(120, under.subarray(5_000)),
      say(130, block(0, 0)),
      say(140, block(0, 1)),
    ],
  };
  const { fakes, verified, shard } = download({ pieces: 8, slots: 8, order: 'sequential' }, 3_000, [peer]);
  assert.equal(verified, 1, 'the allowed-fast piece');
  const asked = fakes[0]?.requests.map(({ piece, begin }) => `${piece}:${begin}`) ?? [];
  assert.deepEqual(asked.slice(0, 3), ['0:0', `0:${BLOCK}`, '1:0']);
  assert.equal(new Set(asked).size, asked.length, 'nothing was asked twice');
  const stats = shard.events.findLast((event) => event.type === 'stats');
  assert.equal(stats?.type === 'stats' && stats.stats.wastedBytes, 0);
});

test('a super-seeding peer sends piece after piece, each after a HAVE for the last one (BEP 16)', () => {
  let told = 0;
  const superSeed: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, 's') }],
      [5, { say: wire.have(0) }],
      [10, { say: wire.unchoke }],
    ],
    serves: payload,
    delayMs: 5,
    hears: (peer, id, message) => {
      if (id === 4 && message.readUInt32BE(0) === told && told < 7) peer.sayLater(5, wire.have(++told));
      return false;
    },
  };
  const { ms } = completesAt([[superSeed]], { pieces: 8, slots: 4 }, 10_000);
  assert.ok(ms < 8_000, `${ms} ms`);
  assert.equal(told, 7);
});

test('a later peer learns our pieces by a bitfield, an earlier one piece by piece', () => {
  const late: FakePeerScript = { connect: 1_500, script: [[0, { say: handshakeOf(INFO_HASH, 'l') }]] };
  const early: FakePeerScript = { script: [[0, { say: handshakeOf(INFO_HASH, 'e') }]] };
  const { fakes } = download({ verified: 3 }, 3_000, [seed(), late, early]);
  assert.deepEqual(
    fakes[1]?.heard.filter((id) => id === 4 || id === 5),
    [5],
  );
  assert.ok((fakes[2]?.heard.filter((id) => id === 4).length ?? 0) >= 5);
});

test('a peer that does not finish a block in a minute is closed: stalled', () => {
  const crawl = crawling(wire.piece(0, 0, payload(0, 0, BLOCK)).subarray(0, 60), 500).map(
    ([ms, verb], i): readonly [number, Verb] => [ms + 1_500 * i, verb],
  );
  const { shard } = download({ pieces: 1 }, 80_000, [
    { script: [...seedScript(INFO_HASH, 1, 10), ...crawl] },
  ]);
  assert.deepEqual(shard.closings[0]?.slice(1), ['unchoked', 'stalled']);
});
