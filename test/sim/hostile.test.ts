/** Peers that lie, refuse, and send crumbs: the piece is never lost, and only the liar is closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedScript, type Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { download, seed } from '../support/virtual-download.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;
const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];

test('a reject of a block beyond its piece is not one of the next piece', () => {
  const rejects = Array.from({ length: 8 }, (_, piece) => say(50, wire.reject(piece, 2 * BLOCK, BLOCK)));
  const script = [
    say(0, handshakeOf(INFO_HASH, 'fast', ['fast'])),
    say(0, wire.haveAll),
    say(10, wire.unchoke),
    ...rejects,
  ];
  const { verified, fakes } = download({ slots: 8 }, 3_000, [{ script, serves: payload, delayMs: 100 }]);
  assert.equal(verified, 8);
  assert.ok((fakes[0]?.fired ?? 0) >= 11, 'the rejects were sent');
});

test('a piece that its only peer rejected once is requested again after a while', () => {
  let refused = 0;
  const script = [
    say(0, handshakeOf(INFO_HASH, 'fast', ['fast'])),
    say(0, wire.haveAll),
    say(10, wire.unchoke),
    say(60, wire.reject(3, 0, BLOCK)),
  ];
  const serves = (piece: number, begin: number, length: number): Uint8Array | null =>
    piece === 3 && begin === 0 && refused++ === 0 ? null : payload(piece, begin, length);
  const { verified } = download({ slots: 8 }, 25_000, [{ script, serves, delayMs: 5 }]);
  assert.ok(refused > 1, 'it was asked again');
  assert.equal(verified, 8);
});

test('a surplus peer with an allowed-fast set holds nothing when it is closed', () => {
  const surplus = [
    say(0, handshakeOf(INFO_HASH, 'fast', ['fast'])),
    say(0, wire.haveAll),
    say(300, Buffer.concat([wire.allowedFast(2), wire.unchoke])),
  ];
  const { verified, shard } = download({ slots: 8, workingPeers: 1 }, 1_500, [
    seed({ delayMs: 400 }),
    { script: surplus },
  ]);
  assert.deepEqual(shard.closings[0]?.slice(1), ['unchoked', 'surplus']);
  assert.equal(verified, 8);
});

test('a suspect piece does not stay with a peer that sends it very slowly', () => {
  const crumbs = (piece: number, begin: number, length: number): Uint8Array =>
    piece === 3 ? new Uint8Array(1) : payload(piece, begin, length);
  const { verified } = download({ slots: 1 }, 30_000, [
    seed({ serves: crumbs }),
    seed({ script: seedScript(INFO_HASH, 8, 500) }),
  ]);
  assert.equal(verified, 8);
});

test('a lone liar is convicted by the hash and closed; the piece comes from another', () => {
  const lies = (piece: number, begin: number, length: number): Uint8Array =>
    piece === 3 ? Buffer.alloc(length, 1) : payload(piece, begin, length);
  const liar = seed({ serves: lies, script: seedScript(INFO_HASH, 8, 10) });
  const { verified, shard } = download({}, 5_000, [liar, seed({ script: seedScript(INFO_HASH, 8, 2_000) })]);
  assert.equal(verified, 8);
  assert.deepEqual(
    shard.closings.map(([, stage, code]) => [stage, code]),
    [['unchoked', 'bad-data']],
  );
});

test('a piece from several peers is fetched again from one, and the difference convicts only the liars', () => {
  const lies = (piece: number, begin: number, length: number): Uint8Array =>
    begin % (3 * BLOCK) === 0
      ? Buffer.from(payload(piece, begin, length)).fill(0, 0, 1)
      : payload(piece, begin, length);
  const script = seedScript(INFO_HASH, 1, 100);
  const { verified, shard, fakes } = download({ slots: 1, pieces: 1, pieceLength: 64 * BLOCK }, 30_000, [
    seed({ script, delayMs: 200 }),
    seed({ script, delayMs: 200, serves: lies }),
    seed({ script, delayMs: 200 }),
  ]);
  assert.equal(verified, 1);
  for (const fake of fakes) assert.ok(fake.requests.length > 4, 'all had a hand in it');
  assert.deepEqual(
    shard.outcomes.map(({ peer, reason }) => [peer, reason.code]),
    [[1, 'bad-data']],
  );
});
