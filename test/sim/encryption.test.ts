/** A shard with encryption: how it dials which peers, and how it answers incoming peers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakePeerScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, OUR_PEER_ID } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const OPENING = '\x13BitTorrent protocol';
const hangsUp: FakePeerScript = { script: [[10, { end: 'closed-by-peer' }]] };
/** The handshakes that a peer received, over all its connections: how many were plain. */
const plainOnes = (heard: string): number => heard.split(OPENING).length - 1;

test('prefer: a peer that closes the connection on a plain handshake is tried again at once, encrypted, and counts as one peer', () => {
  const shard = new VirtualShard({ encryption: 'prefer' });
  const [peer] = shard.add(hangsUp);
  shard.run(500);
  assert.equal(peer?.dials, 2);
  assert.equal(plainOnes(peer?.bytesHeard ?? ''), 1);
  assert.ok((peer?.bytesHeard.length ?? 0) >= 68 + 96, 'a handshake and a key');
  assert.deepEqual(
    shard.outcomes.map(({ reason, transport }) => [reason.code, transport]),
    [['closed-by-peer', 'mse']],
  );
});

test('prefer: a later try begins plain again', () => {
  const shard = new VirtualShard({ encryption: 'prefer', slots: 4 });
  const [peer] = shard.add(hangsUp);
  shard.run(10_500);
  assert.deepEqual([peer?.dials, plainOnes(peer?.bytesHeard ?? '')], [4, 2]);
});

test('off: no second try; require: not one plain byte', () => {
  const off = new VirtualShard({ encryption: 'off' });
  const [plain] = off.add(hangsUp);
  off.run(500);
  assert.deepEqual([plain?.dials, plainOnes(plain?.bytesHeard ?? '')], [1, 1]);
  const require = new VirtualShard({ encryption: 'require' });
  const [secret] = require.add(hangsUp);
  require.run(500);
  assert.deepEqual([secret?.dials, plainOnes(secret?.bytesHeard ?? '')], [1, 0]);
});

test('require: an answer that is no key exchange fails', () => {
  const shard = new VirtualShard({ encryption: 'require' });
  shard.add({ script: [[10, { say: Buffer.alloc(900, 0x55) }]] });
  shard.run(500);
  assert.deepEqual(shard.closings, [[0.01, 'handshaking', 'encryption-failed']]);
});

test('an incoming peer sends its handshake first, gets ours, and is downloaded from', () => {
  const shard = new VirtualShard({ slots: 4 });
  shard.listen();
  const shake = handshakeOf(INFO_HASH, '-XX0001-caller');
  const peer = shard.knock({
    script: [
      [20, { say: shake.subarray(0, 9) }],
      [30, { say: shake.subarray(9) }],
      [40, { say: wire.bitfield('11111111') }],
      [100, { say: wire.unchoke }],
    ],
    serves: payload,
  });
  shard.run(25);
  assert.equal(peer.bytesHeard, '', 'nothing before it is known what it speaks');
  shard.run(1_000);
  assert.equal(plainOnes(peer.bytesHeard), 1);
  assert.ok(peer.requests.length > 0);
  assert.deepEqual(
    shard.events.filter(({ type }) => type === 'accepted'),
    [{ type: 'accepted', address: { peer: 1_000, host: '127.0.0.9', port: 5 }, punched: false }],
  );
});

test('an incoming peer that is plain when encryption is required, or wants another torrent, is closed', () => {
  const strict = new VirtualShard({ encryption: 'require' });
  strict.listen();
  const plain = strict.knock({ script: [[10, { say: handshakeOf(INFO_HASH, '-XX0001-plain') }]] });
  strict.run(300);
  assert.deepEqual([plain.destroyed, plain.bytesHeard], [true, '']);
  const open = new VirtualShard();
  open.listen();
  const other = open.knock({ script: [[10, { say: handshakeOf(Buffer.alloc(20), '-XX0001-other') }]] });
  const noise = open.knock({ script: [[10, { say: Buffer.alloc(700, 0x99) }]] });
  open.run(300);
  assert.deepEqual([other.destroyed, other.bytesHeard], [true, '']);
  assert.deepEqual([noise.destroyed, noise.bytesHeard], [true, '']);
  assert.deepEqual(open.closings, [], 'no torrent hears of them');
});

test('one address gets three connections to us; when one ends another may come', () => {
  const shard = new VirtualShard();
  shard.listen();
  const script: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, '-XX0001-x') }],
      [1, { say: wire.haveNone }],
      [1_000, { end: 'closed-by-peer' }],
    ],
  };
  const peers = Array.from({ length: 5 }, () => shard.knock(script));
  const other = shard.knock(script, '127.0.0.10');
  shard.run(500);
  assert.deepEqual(
    peers.map(({ bytesHeard }) => bytesHeard !== ''),
    [true, true, true, false, false],
  );
  assert.notEqual(other.bytesHeard, '');
  shard.run(1_000);
  assert.notEqual(shard.knock(script).dials, 0);
});

test('first-connect: a winner that closes the connection on a plain handshake is given up, and the others race again', () => {
  const shard = new VirtualShard({ encryption: 'prefer', strategy: 'first-connect', slots: 4 });
  shard.add(hangsUp, { connect: 5, script: [[10, { end: 'closed-by-peer' }]] });
  shard.run(400);
  assert.ok(
    shard.outcomes.some(({ peer, reason }) => peer === 0 && reason.code === 'closed-by-peer'),
    'main is told, and can start the race anew',
  );
});

test('a connection to ourselves is recognized on both ends', () => {
  const shard = new VirtualShard();
  shard.listen();
  const peer = shard.knock({
    script: [[10, { say: handshakeOf(INFO_HASH, OUR_PEER_ID.toString('latin1')) }]],
  });
  shard.run(300);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['self'],
  );
  assert.equal(plainOnes(peer.bytesHeard), 1);
});
