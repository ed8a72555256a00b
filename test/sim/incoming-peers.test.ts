/** Incoming peers: which are accepted, and which make room when all places are taken. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TorrentId } from '../../src/shared/indices.ts';
import {
  ACCEPT_BURST_PEERS,
  KEY_EXCHANGE_BURST,
  KEY_EXCHANGES_PER_S,
  MAX_ACCEPTED_PEERS,
  MAX_ACCEPTED_PER_ADDRESS,
  MAX_SEED_ACCEPTED_PEERS,
  MAX_SEED_ACCEPTED_PER_ADDRESS,
  SEED_ACCEPT_BURST_PEERS,
  SEED_ACCEPTS_PER_S,
} from '../../src/shared/limits.ts';
import type { FakePeer, FakePeerScript, Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer', ['fast']));
const silent: FakePeerScript = { script: [shake, [50_000, { say: wire.keepAlive, everyMs: 50_000 }]] };
const promising: FakePeerScript = { script: [...(silent.script ?? []), say(1, wire.haveAll)] };

function open(options: VirtualShardOptions = {}): VirtualShard {
  const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 600_000, ...options });
  shard.listen();
  return shard;
}

/** One incoming peer from each of this many addresses; each in its own /24, or all in one. */
const crowd = (shard: VirtualShard, script: FakePeerScript, sameNetwork: boolean): FakePeer[] =>
  Array.from({ length: MAX_ACCEPTED_PEERS }, (_, i) =>
    shard.knock(script, sameNetwork ? `8.8.8.${i + 1}` : `8.8.${i + 1}.1`),
  );
const isIn = (peer: FakePeer): boolean => peer.dials === 1 && !peer.destroyed;
const inside = (peers: readonly FakePeer[]): number => peers.filter(isIn).length;

test('silent incoming peers of one network are replaced at once by a newcomer from elsewhere, the oldest first', () => {
  const shard = open();
  const visitors = crowd(shard, silent, true);
  shard.run(1_000);
  assert.equal(inside(visitors), MAX_ACCEPTED_PEERS);
  const newcomer = shard.knock(silent, '9.9.9.9');
  assert.deepEqual(
    [isIn(newcomer), inside(visitors), visitors[0]?.destroyed],
    [true, MAX_ACCEPTED_PEERS - 1, true],
  );
  shard.run(1_000);
  assert.deepEqual(shard.closings, [[1, 'choked', 'slot-needed']]);
  const oneOfThem = shard.knock(silent, '8.8.8.250');
  assert.equal(isIn(oneOfThem), false, 'not for one of their own');
});

test('silent incoming peers from many networks have twelve seconds, those with wanted pieces a minute', () => {
  for (const [script, seconds] of [
    [silent, 12],
    [promising, 60],
  ] as const) {
    const shard = open();
    const visitors = crowd(shard, script, false);
    shard.run(seconds * 1_000 - 100);
    assert.equal(isIn(shard.knock(silent, '9.9.9.9')), false);
    shard.run(200);
    assert.ok(isIn(shard.knock(silent, '9.9.9.9')));
    assert.equal(inside(visitors), MAX_ACCEPTED_PEERS - 1);
  }
});

test('the least useful one is replaced: not one that sent data, unchokes us, or has what we want', () => {
  const shard = open();
  const gives: FakePeerScript = {
    script: [...(promising.script ?? []), say(2, wire.unchoke), say(900, wire.choke)],
    serves: payload,
    delayMs: 5,
  };
  const unchokes: FakePeerScript = {
    script: [...(promising.script ?? []), say(2, wire.unchoke)],
    serves: () => null,
  };
  const hasNothing: FakePeerScript = { script: [...(silent.script ?? []), say(1, wire.haveNone)] };
  const kinds = [gives, unchokes, promising, silent, hasNothing].map((script, i) =>
    shard.knock(script, `8.9.${i}.1`),
  );
  const visitors = Array.from({ length: MAX_ACCEPTED_PEERS - kinds.length }, (_, i) =>
    shard.knock(promising, `8.8.${i}.1`),
  );
  shard.run(30_000);
  assert.equal(inside([...kinds, ...visitors]), MAX_ACCEPTED_PEERS);
  const order = [0, 1, 2].map((i) => {
    shard.knock(promising, `9.9.${i}.9`);
    return kinds.map(isIn);
  });
  assert.deepEqual(order, [
    [true, true, true, true, false],
    [true, true, true, false, false],
    [true, true, true, false, false],
  ]);
});

test('one home has three places: an IPv4 address, a /64 of IPv6, an IPv4 address in IPv6 form', () => {
  for (const hosts of [
    ['8.8.8.8', '8.8.8.8', '::ffff:8.8.8.8', '8.8.8.8'],
    ['2a00:1450:1:2::1', '2a00:1450:1:2::2', '2a00:1450:1:2:3::', '2a00:1450:1:2:ffff::9'],
  ] as const) {
    const shard = open();
    const visitors = hosts.map((host) => shard.knock(silent, host));
    assert.equal(inside(visitors), MAX_ACCEPTED_PER_ADDRESS);
    assert.ok(isIn(shard.knock(silent, '2a00:1450:1:3::1')), 'the neighbours may come');
    shard.run(13_000);
    assert.ok(isIn(shard.knock(silent, hosts[0])), 'a peer that comes back finds its old connections gone');
    assert.deepEqual([inside(visitors), visitors[0]?.destroyed], [MAX_ACCEPTED_PER_ADDRESS - 1, true]);
  }
});

test('incoming peers are also replaced when sockets are scarce', () => {
  const shard = open({ share: { openPeers: 5 } });
  const visitors = Array.from({ length: 5 }, (_, i) => shard.knock(silent, `8.8.${i}.1`));
  shard.run(13_000);
  assert.ok(isIn(shard.knock(silent, '9.9.9.9')));
  assert.equal(inside(visitors), 4);
});

test('a peer may reconnect sixteen times, then once per second; other addresses are not delayed', () => {
  const shard = open();
  const visits: FakePeerScript = { script: [[1, { end: 'closed-by-peer' }]] };
  const visitsOf = (count: number): number =>
    Array.from({ length: count }, () => {
      const visitor = shard.knock(visits, '8.8.8.8');
      shard.run(2);
      return visitor.dials;
    }).reduce((sum, dials) => sum + dials, 0);
  assert.equal(visitsOf(40), ACCEPT_BURST_PEERS);
  assert.ok(isIn(shard.knock(silent, '8.8.8.9')));
  shard.run(3_000);
  assert.equal(visitsOf(40), 3);
});

test('a key exchange begins with a whole key, and all incoming peers share one limit', () => {
  const shard = open({ encryption: 'prefer' });
  const key = Buffer.alloc(96, 0x55);
  const parts: FakePeerScript = { script: [say(0, key.subarray(0, 95)), say(500, key.subarray(95))] };
  const slow = shard.knock(parts, '9.9.9.9');
  shard.run(400);
  assert.equal(slow.bytesHeard.length, 0);
  shard.run(200);
  assert.ok(slow.bytesHeard.length >= 96, 'our key');
  shard.run(1_000);
  const answered = (count: number, from: number): number =>
    Array.from({ length: count }, (_, i) => {
      const visitor = shard.knock({ script: [say(0, key)] }, `8.8.${from + i}.1`);
      shard.run(0);
      return Number(visitor.bytesHeard.length >= 96);
    }).reduce((sum, one) => sum + one, 0);
  assert.equal(answered(KEY_EXCHANGE_BURST + 20, 0), KEY_EXCHANGE_BURST);
  shard.run(1_000);
  assert.equal(answered(40, 100), KEY_EXCHANGES_PER_S);
});

test('a connection that names no torrent is closed after ten seconds, and no torrent learns of it', () => {
  const shard = open();
  const half: FakePeerScript = {
    script: [
      [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer', ['fast']).subarray(0, 47) }],
      [50_000, { say: wire.keepAlive }],
    ],
  };
  const visitor = shard.knock(half, '8.8.8.8');
  shard.run(9_900);
  assert.equal(isIn(visitor), true);
  shard.run(400);
  assert.equal(isIn(visitor), false);
  assert.equal(shard.shard.open, 0, 'its socket is free');
  assert.deepEqual(
    shard.events.filter(({ type }) => type === 'accepted' || type === 'closed'),
    [],
  );
});

test('to name a torrent does not make the ten seconds for a handshake longer', () => {
  const shard = open();
  const shaken = handshakeOf(INFO_HASH, '-XX0001-peer', ['fast']);
  const slow: FakePeerScript = {
    script: [say(9_000, shaken.subarray(0, 48)), say(11_000, shaken.subarray(48))],
  };
  const visitor = shard.knock(slow, '8.8.8.8');
  shard.run(10_300);
  assert.equal(isIn(visitor), false);
  assert.deepEqual(shard.closings, [[10, 'handshaking', 'handshake-timeout']]);
});

test('where several threads listen, each takes its part of the places', () => {
  const shard = open();
  shard.shard.command({ type: 'listeners', count: 2 });
  const visitors = Array.from({ length: MAX_ACCEPTED_PEERS }, (_, i) =>
    shard.knock(silent, `8.8.${i + 1}.1`),
  );
  shard.run(1_000);
  assert.equal(inside(visitors), Math.ceil(MAX_ACCEPTED_PEERS / 2));
});

describe('a seed', () => {
  function seeding(options: VirtualShardOptions = {}): VirtualShard {
    const shard = open({ pieces: 8, verified: 8, ...options });
    shard.shard.command({ type: 'seed', files: [], torrent: 1 as TorrentId });
    return shard;
  }
  const wants: FakePeerScript = { script: [...(silent.script ?? []), say(1, wire.interested)] };

  test('takes many peers from one address, and many in all', () => {
    const shard = seeding({ share: { openPeers: 10_000 } });
    const home = Array.from({ length: MAX_SEED_ACCEPTED_PER_ADDRESS + 5 }, () =>
      shard.knock(wants, '7.7.7.7'),
    );
    shard.run(500);
    assert.equal(inside(home), MAX_SEED_ACCEPTED_PER_ADDRESS);
    const others = Array.from({ length: MAX_SEED_ACCEPTED_PEERS }, (_, i) =>
      shard.knock(wants, `8.${i % 100}.${Math.floor(i / 100)}.1`),
    );
    shard.run(500);
    assert.equal(inside(home) + inside(others), MAX_SEED_ACCEPTED_PEERS);
    assert.equal(inside(others), MAX_SEED_ACCEPTED_PEERS - 1, 'the crowded home makes room');
  });

  test('one address may connect so often and not more often', () => {
    const shard = seeding();
    const visits: FakePeerScript = { script: [[1, { end: 'closed-by-peer' }]] };
    const visitsOf = (count: number): number =>
      Array.from({ length: count }, () => {
        const visitor = shard.knock(visits, '8.8.8.8');
        shard.run(0);
        return visitor;
      }).reduce((sum, { dials }) => sum + dials, 0);
    const first = visitsOf(SEED_ACCEPT_BURST_PEERS + 50);
    assert.equal(first, SEED_ACCEPT_BURST_PEERS);
    shard.run(2_000);
    assert.equal(visitsOf(200), 2 * SEED_ACCEPTS_PER_S);
  });

  test('the limits of a download hold until it is complete', () => {
    const shard = open();
    const before = Array.from({ length: 10 }, () => shard.knock(silent, '8.8.8.8'));
    assert.equal(inside(before), MAX_ACCEPTED_PER_ADDRESS);
    shard.shard.command({ type: 'seed', files: [], torrent: 1 as TorrentId });
    const later = Array.from({ length: 10 }, () => shard.knock(silent, '8.8.8.8'));
    assert.equal(inside(later), 10);
  });
});
