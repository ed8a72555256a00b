/** The race in virtual time: which peer is reported as unchoked and when, with messages in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerIndex } from '../../src/shared/indices.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { seedScript, type Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const shake: readonly [number, Verb] = [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }];
const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const block = (_: number, __: number, length: number): Uint8Array => Buffer.alloc(length);

function unchokesOf(script: readonly (readonly [number, Verb])[]): number[] {
  const shard = new VirtualShard();
  shard.add({ script });
  shard.run(59_000);
  return shard.unchokes;
}

test('unchoke in the same packet as the handshake', () => {
  assert.deepEqual(unchokesOf([say(7, Buffer.concat([handshakeOf(INFO_HASH, 'x'), wire.unchoke]))]), [7]);
});

test('unchoke without any bitfield', () =>
  assert.deepEqual(unchokesOf([shake, say(900, wire.unchoke)]), [900]));

test('unchoke before the bitfield', () =>
  assert.deepEqual(unchokesOf([shake, say(100, wire.unchoke), say(200, wire.bitfield('11111111'))]), [100]));

test('haves instead of a bitfield', () =>
  assert.deepEqual(
    unchokesOf([shake, say(5, wire.have(3)), say(6, wire.have(4)), say(50, wire.unchoke)]),
    [50],
  ));

test('choke and unchoke again count twice', () => {
  assert.deepEqual(
    unchokesOf([shake, say(10, wire.unchoke), say(20, wire.choke), say(30, wire.unchoke)]),
    [10, 30],
  );
});

test('a second unchoke in a row is ignored', () => {
  assert.deepEqual(unchokesOf([shake, say(10, wire.unchoke), say(20, wire.unchoke)]), [10]);
});

test('one byte at a time makes no difference', () => {
  const stream = Buffer.concat([
    handshakeOf(INFO_HASH, 'x', ['ext']),
    wire.extended(0, 'd1:v3:abce'),
    wire.keepAlive,
    wire.unchoke,
  ]);
  const script = [...stream].map((byte, i) => say(i * 10, Buffer.from([byte])));
  assert.deepEqual(unchokesOf(script), [(stream.length - 1) * 10]);
});

test('we greet with handshake, have-none for BEP 6, extended handshake for BEP 10, interested; once', () => {
  const shard = new VirtualShard();
  const [plain, fast] = shard.add(
    { script: [shake] },
    { script: [say(0, handshakeOf(INFO_HASH, 'y', ['fast', 'ext']))] },
  );
  shard.run(900);
  assert.deepEqual(plain?.heard, [2]);
  assert.deepEqual(fast?.heard, [15, 20, 2]);
});

test('a peer without pieces gets not-interested, until it has something', () => {
  const shard = new VirtualShard({ slots: 2 });
  const [peer] = shard.add({ script: [shake, say(10, wire.bitfield('00000000')), say(20, wire.have(1))] });
  shard.run(1_000);
  assert.deepEqual(peer?.heard, [2, 3, 2]);
});

test('an allowed-fast piece is requested before any unchoke (BEP 6)', () => {
  const shard = new VirtualShard({ slots: 4 });
  const [peer] = shard.add({
    script: [
      say(0, handshakeOf(INFO_HASH, 'x', ['fast'])),
      say(1, wire.haveAll),
      say(2, wire.allowedFast(5)),
    ],
    serves: block,
  });
  shard.run(1_000);
  assert.deepEqual(shard.unchokes, []);
  assert.deepEqual(
    peer?.requests.map(({ piece, begin }) => [piece, begin]),
    [
      [5, 0],
      [5, 16_384],
    ],
  );
  assert.deepEqual(
    shard.full.map(({ piece }) => piece),
    [5],
  );
});

test('an unchoke after an allowed-fast set, as aria2 sends them, opens all pieces', () => {
  const shard = new VirtualShard({ slots: 8 });
  shard.add({
    script: [
      say(0, handshakeOf(INFO_HASH, 'x', ['fast'])),
      say(1, Buffer.concat([wire.haveAll, wire.allowedFast(5), wire.allowedFast(2)])),
      say(2, wire.unchoke),
    ],
    serves: block,
  });
  shard.run(1_000);
  assert.equal(shard.full.length, 8);
});

test('we send a keep-alive after 100 s of our silence', () => {
  const shard = new VirtualShard({ chokedTimeoutMs: 600_000 });
  const [peer] = shard.add({ script: [shake, [0, { say: wire.keepAlive, everyMs: 60_000 }]] });
  shard.run(100_500);
  assert.deepEqual(peer?.heard, [2, 2]);
  shard.run(1_000);
  assert.deepEqual(peer?.heard, [2, 2, -1]);
});

test('first-unchoke: all are in play at once, and the first that unchokes is not the first that connected', () => {
  const shard = new VirtualShard();
  shard.add(
    { connect: 1, script: seedScript(INFO_HASH, 8, 9_000) },
    { connect: 300, script: seedScript(INFO_HASH, 8, 700) },
    { connect: 'ignore' },
  );
  shard.run(10_000);
  assert.deepEqual(shard.unchokes, [1_000, 9_001]);
});

test('sequential: one peer at a time, the next when it is lost', () => {
  const shard = new VirtualShard({ strategy: 'sequential' });
  const [, , last] = shard.add(
    { connect: 'ignore' },
    { connect: { fail: 'refused', afterMs: 10 } },
    { script: seedScript(INFO_HASH, 8, 2_000) },
  );
  shard.run(14_900);
  assert.equal(last?.dials, 0);
  shard.run(10_000);
  assert.deepEqual(shard.unchokes, [17_010]);
});

test('first-connect: the first that connects is kept, even if another would have unchoked earlier', () => {
  const shard = new VirtualShard({ strategy: 'first-connect' });
  shard.add(
    { connect: 50, script: seedScript(INFO_HASH, 8, 8_000) },
    { connect: 60, script: seedScript(INFO_HASH, 8, 10) },
  );
  shard.run(20_000);
  assert.deepEqual(shard.unchokes, [8_050]);
  assert.deepEqual(shard.closings[0], [0.05, 'dialing', 'race-lost']);
});

test('the half-open window holds, and a dead address frees its place earlier when more addresses wait', () => {
  const shard = new VirtualShard({ share: { halfOpen: 2 } });
  const peers = shard.add(...Array.from({ length: 10 }, () => ({ connect: 'ignore' as const })));
  shard.run(2_900);
  assert.equal(peers.filter(({ dials }) => dials > 0).length, 2);
  shard.run(60_000);
  // 8 addresses for 2 places: 3 s. No address waits behind the last two: 15 s.
  assert.deepEqual(
    shard.closings.map(([second]) => second),
    [3, 3, 6, 6, 9, 9, 12, 12, 27, 27],
  );
});

test('the dial rate holds: 100 at once, and 100 a second', () => {
  const shard = new VirtualShard({ share: { dialRatePerS: 100 } });
  const peers = shard.add(...Array.from({ length: 400 }, () => ({ connect: 'ignore' as const })));
  shard.run(1_000);
  const dialled = (): number => peers.filter(({ dials }) => dials > 0).length;
  const first = dialled();
  assert.ok(first >= 190 && first <= 201, `${first} dialled in the first second`);
  shard.run(1_000);
  assert.ok(dialled() - first >= 95 && dialled() - first <= 101, `${dialled()} dialled in two seconds`);
});

test('out of descriptors: the address waits, and is dialled again', () => {
  const shard = new VirtualShard();
  const [peer] = shard.add({
    connect: { shortage: 'EMFILE', times: 3 },
    script: seedScript(INFO_HASH, 8, 100),
  });
  shard.run(10_000);
  assert.equal(peer?.dials, 4);
  assert.equal(shard.unchokes.length, 1);
  assert.deepEqual(shard.closings, []);
  const load = shard.events.findLast((event) => event.type === 'load');
  assert.equal(load?.type === 'load' && load.load.shortages, 3);
});

test('with more peers than allowed, the slowest makes room for the next', () => {
  const shard = new VirtualShard({
    slots: 8,
    pieces: 4_000,
    workingPeers: 2,
    chokedTimeoutMs: 600_000,
  });
  const script = seedScript(INFO_HASH, 4_000, 10);
  const seen = new Set<FullPiece>();
  const [fast, slow, waiting] = shard.add(
    { script, serves: block, delayMs: 200 },
    { script, serves: block, delayMs: 3_000 },
    { connect: 5_000, script, serves: block, delayMs: 200 },
  );
  for (let i = 0; i < 980; i++) {
    shard.run(50);
    shard.judge(() => true, seen);
    if (i === 500) assert.equal(shard.unchokes.length, 2);
  }
  assert.deepEqual(
    shard.outcomes.map(({ peer, reason }) => [peer, reason.code]),
    [
      [2, 'surplus'],
      [1, 'replaced'],
    ],
  );
  assert.deepEqual([fast?.destroyed, slow?.destroyed, waiting?.destroyed], [false, true, false]);
});

test('a banished peer is reported as lost, whether it is in play, waits for its first dial, or for another one', () => {
  const shard = new VirtualShard({ slots: 4, share: { halfOpen: 2 } });
  const [inPlay, refuser, waiting] = shard.add(
    { connect: 'ignore' },
    { script: [shake, [10, { end: 'closed-by-peer' }]] },
    { connect: 'ignore' },
    { connect: 'ignore' },
  );
  shard.run(1_000);
  assert.deepEqual(
    [inPlay, refuser, waiting].map((peer) => peer?.dials),
    [1, 1, 1],
  );
  const peers = [0, 1, 3].map((n) => peerIndex(n));
  shard.command({ type: 'banish', peers, code: 'private' });
  shard.run(60_000);
  assert.deepEqual(
    shard.outcomes
      .filter(({ reason }) => reason.code === 'private')
      .map(({ peer, reason, retryInMs }) => [peer, reason.stage, retryInMs])
      .sort(),
    [
      [0, 'dialing', null],
      [1, 'queued', null],
      [3, 'queued', null],
    ],
  );
  assert.deepEqual(
    [inPlay, refuser].map((peer) => peer?.dials),
    [1, 1],
    'never again',
  );
});
