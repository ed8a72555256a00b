/** A shard downloads in virtual time: blocks get to their places, and other peers finish what one leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import { crawling, type FakePeerScript, seedScript, type Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { download, seed } from '../support/virtual-download.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;
const shake: readonly [number, Verb] = [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }];
const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];

test('one seed, eight pieces, four slots', () => {
  const { verified, fakes } = download({}, 2_000, [seed()]);
  assert.equal(verified, 8);
  assert.equal(fakes[0]?.requests.length, 16, 'no block is asked for twice');
});

test('a short last piece and a short last block', () => {
  const { verified, fakes } = download({ totalLength: 7 * 32_768 + BLOCK + 100 }, 2_000, [seed()]);
  assert.equal(verified, 8);
  assert.ok(
    fakes[0]?.requests.some(({ piece, begin, length }) => piece === 7 && begin === BLOCK && length === 100),
  );
});

test('one slot is enough, for many peers', () => {
  const { verified } = download({ slots: 1 }, 3_000, [seed(), seed(), seed()]);
  assert.equal(verified, 8);
});

test('blocks of one piece come from several peers if slots are scarce', () => {
  const { fakes, verified } = download({ slots: 1, pieces: 1, pieceLength: 64 * BLOCK }, 2_000, [
    seed({ script: seedScript(INFO_HASH, 1, 100), delayMs: 200 }),
    seed({ script: seedScript(INFO_HASH, 1, 100), delayMs: 200 }),
  ]);
  assert.equal(verified, 1);
  for (const fake of fakes) assert.ok(fake.requests.length > 8, 'both had a part');
});

test('a choke gives the requests to others at once', () => {
  const chokes: FakePeerScript = { script: [...seedScript(INFO_HASH, 8, 50), say(500, wire.choke)] };
  const { verified, fakes } = download({}, 1_500, [chokes, seed({ script: seedScript(INFO_HASH, 8, 400) })]);
  assert.ok((fakes[0]?.requests.length ?? 0) > 0, 'it was asked first');
  assert.equal(verified, 8);
});

test('a peer that closes the connection in the middle of a block leaves nothing behind', () => {
  const half = wire.piece(0, 0, payload(0, 0, BLOCK)).subarray(0, 9_000);
  const breaks: FakePeerScript = {
    script: [...seedScript(INFO_HASH, 8, 50), say(200, half), [300, { end: 'reset' }]],
  };
  const { verified } = download({}, 2_000, [breaks, seed({ script: seedScript(INFO_HASH, 8, 250) })]);
  assert.equal(verified, 8);
});

test('a silent peer is snubbed after 20 s, and its blocks come from another', () => {
  const { verified, shard } = download({}, 25_000, [
    { script: seedScript(INFO_HASH, 8, 10) },
    seed({ script: seedScript(INFO_HASH, 8, 1_000) }),
  ]);
  assert.equal(shard.closings.length, 0);
  assert.ok(verified >= 7, `${verified} verified`);
});

test('endgame: the blocks of the last piece that a silent peer owes come from another at once, and are cancelled there', () => {
  const silent: FakePeerScript = { script: seedScript(INFO_HASH, 8, 10) };
  const { verified, fakes, shard } = download({ slots: 8 }, 3_500, [
    silent,
    seed({ script: seedScript(INFO_HASH, 8, 2_000) }),
  ]);
  assert.equal(verified, 8);
  assert.equal(
    fakes[0]?.heard.filter((id) => id === 8).length,
    16,
    'every request to the silent one was cancelled',
  );
  const stats = shard.events.findLast((event) => event.type === 'stats');
  assert.equal(stats?.type === 'stats' && stats.stats.wastedBytes, 0);
});

test('endgame: a block is requested from two peers at a time; while both are silent, from one after another', () => {
  const script = seedScript(INFO_HASH, 1, 10);
  const { fakes } = download({ pieces: 1 }, 9_000, [{ script }, { script }, { script }, { script }]);
  const open = fakes.flatMap((fake) => fake.open.map(({ begin }) => begin));
  for (const begin of [0, BLOCK]) assert.equal(open.filter((one) => one === begin).length, 2);
  for (const { requests } of fakes) assert.ok(requests.length > 0, 'every peer had a chance');
});

/** The last of the 16 blocks of the download takes 20 seconds. */
const crawler: FakePeerScript = {
  script: [
    ...seedScript(INFO_HASH, 8, 10),
    ...crawling(wire.piece(7, BLOCK, payload(7, BLOCK, BLOCK)), 1_000),
  ],
  serves: (piece, begin, length) => (piece === 7 && begin === BLOCK ? null : payload(piece, begin, length)),
};

test('endgame: a block that arrives too slowly is requested from another peer after a second', () => {
  const { ledger, fakes } = download({ slots: 8 }, 1_900, [
    crawler,
    seed({ script: seedScript(INFO_HASH, 8, 1_500) }),
  ]);
  assert.equal(ledger.verifiedCount, 7, 'the fault fired: the last piece waits for one block');
  assert.deepEqual(fakes[1]?.requests, []);
  const later = download({ slots: 8 }, 4_000, [crawler, seed({ script: seedScript(INFO_HASH, 8, 1_500) })]);
  assert.equal(later.ledger.verifiedCount, 8);
  assert.deepEqual(later.fakes[1]?.requests, [{ piece: 7, begin: BLOCK, length: BLOCK }]);
  assert.equal(later.shard.closings.length, 0);
});

test('endgame: a slow peer without others may finish', () => {
  const { ledger, fakes } = download({ slots: 8 }, 21_500, [crawler]);
  assert.equal(ledger.verifiedCount, 8);
  assert.equal(fakes[0]?.requests.length, 16, 'nothing was asked twice');
});

test('before the endgame, a peer without work takes over from one that has been silent for two seconds', () => {
  const silent: FakePeerScript = { script: seedScript(INFO_HASH, 8, 10) };
  const { ledger, fakes } = download({ slots: 1 }, 2_500, [
    silent,
    seed({ script: seedScript(INFO_HASH, 8, 100) }),
  ]);
  assert.ok(ledger.verifiedCount >= 6, `${ledger.verifiedCount} verified`);
  assert.ok((fakes[0]?.requests.length ?? 0) > 0);
});

test('late blocks of a choke are used, not thrown away', () => {
  const peer: FakePeerScript = {
    script: [...seedScript(INFO_HASH, 8, 10), say(100, wire.choke), say(2_000, wire.unchoke)],
    serves: payload,
    delayMs: 200,
  };
  const { verified, fakes } = download({}, 4_000, [peer]);
  assert.equal(verified, 8);
  assert.equal(fakes[0]?.requests.length, 16);
});

test('a rejected request goes to another peer (BEP 6)', () => {
  const fast = handshakeOf(INFO_HASH, 'fast', ['fast']);
  const rejects: FakePeerScript = {
    script: [
      say(0, fast),
      say(0, wire.haveAll),
      say(10, wire.unchoke),
      ...Array.from({ length: 16 }, (_, i) => say(100, wire.reject(i >> 1, (i & 1) * BLOCK, BLOCK))),
    ],
  };
  const { verified, fakes } = download({ slots: 8 }, 2_000, [
    rejects,
    seed({ script: seedScript(INFO_HASH, 8, 90) }),
  ]);
  assert.equal(verified, 8);
  assert.ok((fakes[0]?.requests.length ?? 0) <= 32, 'no endless asking');
});

test('blocks with invalid offsets or lengths are not accepted', () => {
  const odd = [
    wire.piece(0, 1, payload(0, 0, BLOCK)),
    wire.piece(0, 0, payload(0, 0, 100)),
    wire.piece(7, 3 * BLOCK, payload(0, 0, BLOCK)),
    wire.piece(4_000_000, 0, payload(0, 0, BLOCK)),
  ];
  const peer = seed({ script: [...seedScript(INFO_HASH, 8, 100), ...odd.map((bytes) => say(90, bytes))] });
  const { verified, shard } = download({}, 2_000, [peer]);
  assert.equal(verified, 8);
  const stats = shard.events.findLast((event) => event.type === 'stats');
  assert.ok(stats?.type === 'stats' && stats.stats.wastedBytes >= 3 * BLOCK);
});

test('HAVE goes to all peers except seeds, also for pieces that they have (BEP 16)', () => {
  const { fakes } = download({}, 3_000, [seed(), { script: [shake, say(10, wire.bitfield('10000000'))] }]);
  assert.ok(!fakes[0]?.heard.includes(4));
  assert.equal(fakes[1]?.heard.filter((id) => id === 4).length, 8);
});

test('the rarest pieces come first', () => {
  const common: FakePeerScript = { script: [shake, say(0, wire.bitfield('111111111100'))] };
  const { fakes } = download({ slots: 8, pieces: 12, verified: 4 }, 3_000, [
    common,
    common,
    seed({ script: seedScript(INFO_HASH, 12, 1_000) }),
  ]);
  const first = new Set(fakes[2]?.requests.slice(0, 4).map(({ piece }) => piece));
  assert.deepEqual(first, new Set([10, 11]));
});

test('availability is counted and taken back', () => {
  const { ledger } = download({}, 1_000, [
    { script: [shake, say(0, wire.bitfield('11000000')), [500, { end: 'reset' }]] },
    { script: [shake, say(0, wire.bitfield('11111111'))] },
    { script: [shake, ...[...'abcdefg'].map((_, i) => say(i + 1, wire.have(i + 1))), say(50, wire.have(0))] },
  ]);
  for (let piece = 0; piece < 8; piece++) assert.equal(ledger.availabilityOf(piece as PieceIndex), 2);
});

test('a piece that no peer here can finish becomes missing again', () => {
  const { ledger, shard } = download({}, 10_000, [
    { script: [...seedScript(INFO_HASH, 8, 10), [500, { end: 'reset' }]] },
  ]);
  for (let piece = 0; piece < 8; piece++)
    assert.equal(ledger.stateOf(piece as PieceIndex), PIECE_STATE.missing);
  assert.equal(shard.arena?.freeCount(), 4);
});
