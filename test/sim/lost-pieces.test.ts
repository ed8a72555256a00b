/** A peer no longer has a piece, or we do not (BEP 54), in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { UNREADABLE_FILE_MS } from '../../src/shared/limits.ts';
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { BLOCK, GivingShard, leech } from '../support/leech.ts';
import { payload } from '../support/payload.ts';
import { download, seed } from '../support/virtual-download.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer', ['fast', 'ext']));
const PIECE = 3 as PieceIndex;

test('its requests fail at once: another peer is asked, and the rest comes from it as before', () => {
  const forgetful: FakePeerScript = {
    // It is silent about the piece, and says so after a while.
    script: [shake, say(1, wire.haveAll), say(2, wire.unchoke), say(900, wire.lost(PIECE))],
    serves: (piece, begin, length) => (piece === PIECE ? null : payload(piece, begin, length)),
    delayMs: 5,
  };
  const late = seed({ connect: 800 });
  const { fakes, verified, ledger, shard } = download({ slots: 8, pieces: 8 }, 1_500, [forgetful, late]);
  const [one, other] = fakes;
  assert.ok(
    one?.requests.some(({ piece }) => piece === PIECE),
    'it was asked before',
  );
  assert.deepEqual([...new Set(other?.requests.map(({ piece }) => piece))], [PIECE]);
  assert.equal(verified, 8);
  assert.deepEqual([ledger.availabilityOf(PIECE), shard.closings], [1, []]);
});

test('a seed that loses a piece is counted without it, and with it when it says that it has it again', () => {
  const script = [
    shake,
    say(1, wire.haveAll),
    say(100, wire.lost(PIECE)),
    say(200, wire.lost(PIECE)),
  ] as const;
  const shard = new VirtualShard({ slots: 4, pieces: 8, chokedTimeoutMs: 600_000 });
  const [peer] = shard.add({ script: [...script, say(1_000, wire.have(PIECE))] }, { script });
  const counts = () =>
    Array.from({ length: 8 }, (_, piece) => shard.ledger?.availabilityOf(piece as PieceIndex));
  shard.run(50);
  assert.deepEqual(counts(), [2, 2, 2, 2, 2, 2, 2, 2]);
  shard.run(500);
  assert.deepEqual(counts(), [2, 2, 2, 0, 2, 2, 2, 2]);
  shard.run(1_000);
  assert.deepEqual(counts(), [2, 2, 2, 1, 2, 2, 2, 2]);
  shard.run(100);
  assert.deepEqual([peer?.fired, shard.closings], [5, []]);
});

test('a peer that loses all that we want is told that we are not interested', () => {
  const shard = new VirtualShard({ slots: 4, pieces: 8, chokedTimeoutMs: 600_000 });
  const [peer] = shard.add({
    script: [
      shake,
      say(1, wire.bitfield('00010000')),
      say(2_000, wire.lost(PIECE)),
      say(3_000, wire.have(0)),
    ],
  });
  shard.run(2_900);
  assert.equal(peer?.heard.filter((id) => id === 2 || id === 3).at(-1), 3);
  shard.run(200);
  assert.equal(peer?.heard.filter((id) => id === 2 || id === 3).at(-1), 2);
});

for (const [what, bytes, code] of [
  ['a piece that does not exist', wire.lost(8), 'bad-piece-index'],
  ['a message that is too short', wire.extended(7, 'abc'), 'bad-extended'],
  ['a message that is too long', wire.extended(7, 'abcde'), 'bad-extended'],
  [
    'a piece that comes and goes without end',
    Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.concat([wire.lost(1), wire.have(1)]))),
    'flood',
  ],
] as const)
  test(`${what} ends the connection: ${code}`, () => {
    const shard = new VirtualShard({ slots: 4, pieces: 8, chokedTimeoutMs: 600_000 });
    shard.add({ script: [shake, say(1, wire.haveAll), say(50, bytes)] });
    shard.run(1_000);
    assert.deepEqual(
      shard.closings.map(([, , why]) => why),
      [code],
    );
  });

test('a whole file of 10,000 pieces is lost, and the connection stays', () => {
  const pieces = 10_000;
  const lost = Buffer.concat(Array.from({ length: pieces }, (_, piece) => wire.lost(piece)));
  const shard = new VirtualShard({ slots: 4, pieces, pieceLength: BLOCK, chokedTimeoutMs: 600_000 });
  shard.add({ script: [shake, say(1, wire.haveAll), say(50, lost)] });
  shard.run(1_000);
  assert.deepEqual([shard.closings, shard.ledger?.availabilityOf(PIECE)], [[], 0]);
});

test('we lose a file: peers that know the message hear of its pieces, keep their connections, and hear when it is back', async () => {
  const half = 4 * 2 * BLOCK;
  const files = [{ path: '/nowhere/at/all', offset: 0, length: half }];
  const padding = [{ offset: half, length: half }];
  const extended = 'd1:md11:lt_donthavei9eee';
  const [asks, hears, ignorant] = [
    leech([[0, 0, BLOCK]], { extended }),
    leech([[7, 0, BLOCK]], { extended }),
    leech([[7, 0, BLOCK]]),
  ];
  const giving = new GivingShard({ given: { files, padding } }, [asks, hears, ignorant]);
  await giving.run(100);
  giving.choose([0, 1, 2]);
  await giving.run(200);
  const lostAt = (peer: typeof hears) =>
    peer.heard.filter(({ id, length }) => id === 20 && length < 0).length;
  assert.deepEqual([asks, hears, ignorant].map(lostAt), [4, 4, 0]);
  for (const fake of giving.fakes) fake.say(wire.request(1, 0, BLOCK));
  await giving.run(200);
  const ends = giving.shard.closings.map(([, , why]) => why);
  assert.deepEqual(
    [ends, giving.fakes.map(({ destroyed }) => destroyed)],
    [['unreadable'], [false, false, true]],
  );
  assert.deepEqual([asks.rejects().length, hears.rejects().length], [2, 1]);
  const haves = () => hears.heard.filter(({ id }) => id === 4).map(({ piece }) => piece);
  assert.deepEqual(haves(), []);
  for (let ms = 0; ms < UNREADABLE_FILE_MS + 1_000; ms += 30_000) {
    for (const fake of giving.fakes.slice(0, 2)) fake.say(wire.keepAlive);
    await giving.run(30_000, 250);
  }
  assert.deepEqual(haves(), [0, 1, 2, 3]);
});
