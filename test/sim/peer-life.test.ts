/** One peer, minutes of protocol, no real time: for every way to lose a peer, the exact second and the exact reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_CODES } from '../../src/shared/close-reason.ts';
import { CHOKED_DOWNLOAD_MS, MAX_UNREQUESTED_BLOCKS } from '../../src/shared/limits.ts';
import { type FakePeerScript, seedScript, type Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, OUR_PEER_ID, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const PIECES = 8;
const shake: readonly [number, Verb] = [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }];
const bitfield: readonly [number, Verb] = [0, { say: wire.bitfield('11111111') }];
const unchoke: readonly [number, Verb] = [0, { say: wire.unchoke }];
const after = (ms: number, say: Uint8Array): readonly [number, Verb] => [ms, { say }];

interface Scenario {
  readonly name: string;
  readonly peer: FakePeerScript;
  readonly options?: VirtualShardOptions;
  readonly closes: readonly [second: number, stage: string, code: string];
}

const unwanted = Array.from({ length: MAX_UNREQUESTED_BLOCKS + 1 }, () => wire.piece(0, 0, Buffer.alloc(1)));
const downloading: VirtualShardOptions = { slots: 4, chokedTimeoutMs: CHOKED_DOWNLOAD_MS };

const scenarios: readonly Scenario[] = [
  {
    name: 'refuses',
    peer: { connect: { fail: 'refused', afterMs: 20 } },
    closes: [0.02, 'dialing', 'refused'],
  },
  {
    name: 'has no route',
    peer: { connect: { fail: 'unreachable', afterMs: 3_000 } },
    closes: [3, 'dialing', 'unreachable'],
  },
  {
    name: 'fails to connect otherwise',
    peer: { connect: { fail: 'connect-failed', afterMs: 5 } },
    closes: [0.005, 'dialing', 'connect-failed'],
  },
  {
    name: 'never answers, while slots are free',
    peer: { connect: 'ignore' },
    closes: [15, 'dialing', 'connect-timeout'],
  },
  { name: 'says nothing', peer: {}, closes: [10, 'handshaking', 'handshake-timeout'] },
  {
    name: 'says half a handshake',
    peer: { script: [after(9_000, handshakeOf(INFO_HASH, 'x').subarray(0, 40))] },
    closes: [10, 'handshaking', 'handshake-timeout'],
  },
  {
    name: 'drips a handshake, a byte a second',
    peer: {
      script: [...handshakeOf(INFO_HASH, 'x')].map((byte, i) => after(i * 1_000, Buffer.from([byte]))),
    },
    closes: [10, 'handshaking', 'handshake-timeout'],
  },
  {
    name: 'speaks HTTP',
    peer: { script: [after(30, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))] },
    closes: [0.03, 'handshaking', 'not-bittorrent'],
  },
  {
    name: 'serves another torrent',
    peer: { script: [after(40, handshakeOf(Buffer.alloc(20, 1), 'x'))] },
    closes: [0.04, 'handshaking', 'wrong-info-hash'],
  },
  {
    name: 'is ourselves',
    peer: { script: [after(1, handshakeOf(INFO_HASH, OUR_PEER_ID.toString('latin1')))] },
    closes: [0.001, 'handshaking', 'self'],
  },
  {
    name: 'closes the connection after the handshake',
    peer: { script: [shake, [100, { end: 'closed-by-peer' }]] },
    closes: [0.1, 'choked', 'closed-by-peer'],
  },
  {
    name: 'resets before the handshake',
    peer: { script: [[70, { end: 'reset' }]] },
    closes: [0.07, 'handshaking', 'reset'],
  },
  { name: 'never unchokes', peer: { script: [shake, bitfield] }, closes: [60, 'choked', 'never-unchoked'] },
  {
    name: 'never unchokes but sends keep-alives',
    peer: { script: [shake, bitfield, [1_000, { say: wire.keepAlive, everyMs: 5_000 }]] },
    closes: [60, 'choked', 'never-unchoked'],
  },
  {
    name: 'unchokes, then chokes again for good',
    peer: { script: [shake, unchoke, after(5_000, wire.choke)] },
    closes: [65, 'choked', 'never-unchoked'],
  },
  {
    name: 'goes silent while choking a download',
    peer: { script: [shake, bitfield] },
    options: downloading,
    closes: [150, 'choked', 'idle'],
  },
  {
    name: 'owes blocks and sends none',
    peer: { script: [shake, bitfield, unchoke] },
    options: downloading,
    closes: [60, 'unchoked', 'stalled'],
  },
  {
    name: 'owes blocks and sends keep-alives',
    peer: { script: [shake, bitfield, unchoke, [500, { say: wire.keepAlive, everyMs: 10_000 }]] },
    options: downloading,
    closes: [60, 'unchoked', 'stalled'],
  },
  {
    name: 'takes too long for the sequential strategy',
    peer: { script: [shake, bitfield, after(40_000, wire.unchoke)] },
    options: { strategy: 'sequential' },
    closes: [30, 'choked', 'exchange-timeout'],
  },
  {
    name: 'declares a 4 GB message',
    peer: { script: [shake, after(10, Buffer.concat([u32(0xffff_ffff), Buffer.from([20])]))] },
    closes: [0.01, 'choked', 'frame-too-long'],
  },
  {
    name: 'declares a block of 17 KiB',
    peer: { script: [shake, after(10, Buffer.concat([u32(9 + 17_408), Buffer.from([7])]))] },
    closes: [0.01, 'choked', 'frame-too-long'],
  },
  {
    name: 'sends a choke of 2 bytes',
    peer: { script: [shake, after(10, frame(0, Buffer.from([0])))] },
    closes: [0.01, 'choked', 'bad-length'],
  },
  {
    name: 'sends a bitfield that is too long',
    peer: { script: [shake, after(10, wire.bitfield('1'.repeat(16)))] },
    closes: [0.01, 'choked', 'bad-bitfield'],
  },
  {
    name: 'sets a spare bit',
    peer: { script: [shake, after(10, wire.bitfield('1111111111111111'))] },
    options: { pieces: 9 },
    closes: [0.01, 'choked', 'bad-bitfield'],
  },
  {
    name: 'has a piece that is not there',
    peer: { script: [shake, after(10, wire.have(PIECES))] },
    closes: [0.01, 'choked', 'bad-piece-index'],
  },
  {
    name: 'allows a piece that is not there',
    peer: { script: [shake, after(10, wire.allowedFast(4_000_000_000))] },
    closes: [0.01, 'choked', 'bad-piece-index'],
  },
  {
    name: 'sends an extended handshake that is no dictionary',
    peer: { script: [shake, after(10, wire.extended(0, 'i5e'))] },
    closes: [0.01, 'choked', 'bad-extended'],
  },
  {
    name: 'floods with unrequested blocks',
    peer: { script: [shake, bitfield, after(20, Buffer.concat(unwanted))] },
    options: downloading,
    closes: [0.02, 'choked', 'unrequested-data'],
  },
  {
    name: 'does not read',
    peer: { unread: 2_000_000, connect: 30 },
    closes: [0.03, 'handshaking', 'unread-backlog'],
  },
  {
    name: 'unchokes and gives its block, after a look at the clock or two',
    peer: {
      script: seedScript(INFO_HASH, PIECES, 12_000),
      serves: (_, __, length) => Buffer.alloc(length),
      delayMs: 700,
    },
    closes: [12.7, 'unchoked', 'done'],
  },
  {
    name: 'unchokes and gives its block at once',
    peer: {
      script: seedScript(INFO_HASH, PIECES, 12_000),
      serves: (_, __, length) => Buffer.alloc(length),
      delayMs: 80,
    },
    closes: [12.08, 'unchoked', 'done'],
  },
];

for (const { name, peer, options = {}, closes } of scenarios) {
  test(`a peer that ${name}: ${closes[2]} at ${closes[0]} s`, () => {
    const shard = new VirtualShard({ pieces: PIECES, ...options });
    const [fake] = shard.add(peer);
    shard.run(200_000);
    // A download dials a lost peer again; only the first outcome counts here.
    assert.deepEqual(shard.closings.slice(0, 1), [[...closes]]);
    if (options.slots === undefined) assert.equal(shard.closings.length, 1);
    const expected =
      (peer.script?.length ?? 0) > 0 || peer.connect === 'ignore' || typeof peer.connect === 'object';
    assert.ok(!expected || (fake?.fired ?? 0) > 0, 'the fault fired');
  });
}

test('a surplus peer is closed when more peers unchoke us than we may keep', () => {
  const shard = new VirtualShard({ ...downloading, workingPeers: 1 });
  shard.add(
    { script: seedScript(INFO_HASH, PIECES, 1_000) },
    { script: seedScript(INFO_HASH, PIECES, 2_000) },
  );
  shard.run(3_000);
  assert.deepEqual(shard.closings, [[2, 'unchoked', 'surplus']]);
});

test('a choking peer gives up its place after 12 s when others wait for it, not before', () => {
  const shard = new VirtualShard({ share: { openPeers: 1 } });
  const [, second] = shard.add({ script: [shake, bitfield] }, { script: seedScript(INFO_HASH, PIECES, 500) });
  shard.run(11_900);
  assert.equal(second?.dials, 0);
  shard.run(2_000);
  assert.deepEqual(shard.closings[0], [12, 'choked', 'slot-needed']);
  assert.equal(second?.dials, 1);
});

test('a peer that unchokes us each time before its patience ends, and gives nothing, gives up its place as well', () => {
  const flaps = [3, 6, 9, 12].flatMap((second) => [
    after(second * 1_000, wire.unchoke),
    after(second * 1_000 + 700, wire.choke),
  ]);
  const shard = new VirtualShard({ ...downloading, share: { openPeers: 1 } });
  const [, second] = shard.add(
    { script: [shake, bitfield, ...flaps] },
    { script: seedScript(INFO_HASH, PIECES, 500) },
  );
  shard.run(14_000);
  assert.deepEqual(shard.closings[0], [12.75, 'choked', 'slot-needed']);
  assert.equal(second?.dials, 1);
});

test('peers that lost are closed when a winner is kept, and race again when it is gone', () => {
  const shard = new VirtualShard(downloading);
  const [, loser] = shard.add(
    { script: [...seedScript(INFO_HASH, PIECES, 1_000)] },
    { script: [shake, bitfield] },
  );
  shard.run(1_100);
  const [winner] = shard.events.flatMap((event) => (event.type === 'unchoked' ? [event.peer] : []));
  assert.equal(winner, 0);
  shard.command({ type: 'keep', peers: [winner as NonNullable<typeof winner>] });
  shard.run(1_000);
  assert.deepEqual(shard.closings, [[1.1, 'choked', 'race-lost']]);
  shard.command({ type: 'resume' });
  shard.run(1_000);
  assert.equal(loser?.dials, 2);
});

test('peers in play when the shard stops are reported as stopped', () => {
  const shard = new VirtualShard();
  shard.add({ connect: 'ignore' }, { script: [shake] });
  shard.run(1_000);
  shard.shard.command({ type: 'stop' });
  assert.deepEqual(shard.closings.map(([, stage, code]) => [stage, code]).sort(), [
    ['choked', 'stopped'],
    ['dialing', 'stopped'],
  ]);
  assert.equal(shard.events.at(-1)?.type, 'stopped');
});

test('every close code is produced by some test', () => {
  const elsewhere = new Set([
    'surplus',
    'slot-needed',
    'race-lost',
    'stopped', // above
    'private', // sim/race
    'bad-data', // sim/download
    'replaced', // sim/race
    'too-early', // sim/magnet
    'encryption-failed', // sim/encryption
    'flood', // sim/floods
    'bad-request', // sim/uploads
    'unreadable', // sim/uploads
    'both-complete', // sim/uploads
    'twice', // sim/holepunch
    'moved', // sim/holepunch
  ]);
  const produced = new Set([...scenarios.map(({ closes }) => closes[2]), ...elsewhere]);
  assert.deepEqual(
    Object.keys(CLOSE_CODES).filter((code) => !produced.has(code)),
    [],
  );
});
