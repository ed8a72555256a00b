/** Lost peers, in virtual time: while a download runs, no peer that may help is given up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_CODES, type CloseCode } from '../../src/shared/close-reason.ts';
import { comebackOf } from '../../src/shared/comeback.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { REDIAL_SHARE_PERCENT } from '../../src/shared/limits.ts';
import { type FakePeerScript, seedScript, type Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const shake: readonly [number, Verb] = [0, { say: handshakeOf(INFO_HASH, '-XX0001-peer') }];
const downloading = { slots: 4, chokedTimeoutMs: 600_000 };
const seed: FakePeerScript = { script: seedScript(INFO_HASH, 8, 10), serves: payload };
const refuses: FakePeerScript = { connect: { fail: 'refused', afterMs: 0 } };
/** It chokes us, and keeps the connection. */
const chatty: FakePeerScript = {
  script: [shake, [0, { say: wire.bitfield('11111111') }], [0, { say: wire.keepAlive, everyMs: 60_000 }]],
};
const seconds = (times: readonly number[]) => times.map((ms) => Math.round(ms / 1_000));
/** Rounded to the tick at which it was dialled. */
const dialledAt = (script: FakePeerScript, ms: number, others = { connected: false }) => {
  const shard = new VirtualShard(downloading);
  const [peer] = shard.add(script);
  if (others.connected) shard.add(chatty);
  shard.run(ms);
  return { shard, times: seconds(peer?.dialledAt ?? []) };
};

test('a peer that cannot be reached is dialled again after 10, 20, 40, 80 s, then every two minutes', () => {
  const { times } = dialledAt(refuses, 400_000, { connected: true });
  assert.deepEqual(times, [0, 10, 30, 70, 150, 270, 390]);
});

test('while no peer is connected, the longest wait is half a minute, and the lost are tried one after the other', () => {
  const { times } = dialledAt(refuses, 400_000);
  assert.deepEqual(times, [0, 10, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, 390]);
  const shard = new VirtualShard(downloading);
  const peers = shard.add(...Array.from({ length: 12 }, () => refuses));
  shard.run(400_000);
  const all = seconds(peers.flatMap(({ dialledAt: dials }) => dials)).sort((a, b) => a - b);
  const late = all.filter((second) => second > 200);
  const gaps = late.slice(1).map((second, i) => second - (late[i] ?? 0));
  assert.ok(Math.max(...gaps) <= 11, `${late}`);
  assert.ok(late.length <= 12 * 4, `${late.length} dials in 200 s`);
});

test('a peer that gave data does not wait behind a thousand new addresses that never answer', () => {
  const shard = new VirtualShard({ ...downloading, share: { halfOpen: 4 } });
  const [giver] = shard.add({ ...seed, script: [...seedScript(INFO_HASH, 8, 10), [500, { end: 'reset' }]] });
  shard.run(100);
  const silent: FakePeerScript = { connect: { fail: 'connect-timeout', afterMs: 1_000_000 } };
  shard.add(...Array.from({ length: 1_000 }, () => silent));
  shard.run(8_000);
  assert.deepEqual(
    seconds(giver?.dialledAt ?? []).slice(0, 2),
    [0, 3],
    'lost after 0.5 s, dialled 2 s later',
  );
});

test('a peer is tried again after each close code from which it may come back, and never after the others', () => {
  const finals = 'bad-data both-complete done private race-lost self stopped surplus twice';
  const codes = Object.keys(CLOSE_CODES) as CloseCode[];
  const never = codes.filter((code) => comebackOf(code) === 'never');
  assert.equal(never.sort().join(' '), finals);
});

test('a peer that broke the rules comes again, but later', () => {
  const { times } = dialledAt({ script: [[0, { say: Buffer.from('noise'.repeat(20)) }]] }, 310_000);
  assert.deepEqual(times, [0, 300]);
});

for (const fail of ['refused', 'unreachable', 'connect-timeout', 'connect-failed', 'reset'] as const)
  test(`a seed that comes up after 100 s of "${fail}" is found at the next try`, () => {
    const { shard, times } = dialledAt({ ...seed, away: { untilMs: 100_000, fail } }, 200_000);
    assert.deepEqual(times, [0, 10, 30, 60, 90, 120]);
    assert.equal(shard.full.length, 4, 'the slots that there are');
  });

test('a peer that is full for 100 s, and closes the connection, accepts us when it has room', () => {
  const away = { untilMs: 100_000, fail: 'closed-by-peer', connects: true } as const;
  const { shard, times } = dialledAt({ ...seed, away }, 140_000);
  assert.deepEqual(times, [0, 10, 30, 60, 90, 120]);
  assert.equal(shard.outcomes.filter(({ reason }) => reason.stage === 'handshaking').length, 5);
  assert.equal(shard.full.length, 4);
});

test('a peer that sent data and closes the connection is dialled again after two seconds, and then begins with the shortest wait', () => {
  const script = [...seedScript(INFO_HASH, 8, 10), [500, { end: 'reset' }] as const];
  const { times } = dialledAt({ ...seed, script, away: { untilMs: 60_000, fail: 'refused' } }, 110_000);
  assert.deepEqual(times, [0, 10, 30, 60, 63, 83]);
});

test('all at once: all are lost, and all are dialled again', () => {
  const shard = new VirtualShard(downloading);
  const away = { untilMs: 55_000, fail: 'unreachable' } as const;
  const peers = shard.add(...Array.from({ length: 30 }, () => ({ ...seed, away })));
  shard.run(80_000);
  assert.ok(peers.every(({ dials }) => dials === 4));
  assert.equal(shard.unchokes.length, 30);
});

test('a source that names a lost peer makes its next try earlier; a flood of names does no more', () => {
  const shard = new VirtualShard(downloading);
  const [named, other] = shard.add(refuses, refuses, chatty);
  shard.run(155_000);
  for (let i = 0; i < 1_000; i++) {
    shard.command({ type: 'named', peers: [peerIndex(0)] });
    shard.run(100);
  }
  assert.deepEqual(seconds(named?.dialledAt ?? []), [0, 10, 30, 70, 150, 180, 210, 240]);
  assert.deepEqual(seconds(other?.dialledAt ?? []), [0, 10, 30, 70, 150]);
});

test('when the network is back, lost peers are dialled at once, and their waits start from the beginning', () => {
  const shard = new VirtualShard(downloading);
  const noise: FakePeerScript = { script: [[0, { say: Buffer.from('noise'.repeat(20)) }]] };
  const [peer, guilty] = shard.add(refuses, noise, chatty);
  shard.run(165_000);
  shard.shard.command({ type: 'network-back' });
  shard.run(40_000);
  assert.deepEqual(seconds(peer?.dialledAt ?? []), [0, 10, 30, 70, 150, 165, 185]);
  assert.equal(guilty?.dials, 1, 'it was not the network');
});

test('redials have a small share of the dial rate', () => {
  const shard = new VirtualShard({ ...downloading, share: { dialRatePerS: 100 } });
  const peers = shard.add(...Array.from({ length: 400 }, () => refuses));
  shard.run(9_000);
  const dials = () => peers.reduce((sum, peer) => sum + peer.dials, 0);
  assert.equal(dials(), 400);
  shard.run(31_000);
  const redials = dials() - 400;
  const share = REDIAL_SHARE_PERCENT;
  assert.ok(redials > 20 * share && redials <= 32 * share, `${redials} redials in 30 s`);
});

test('a new address goes before lost ones and takes their place', () => {
  const shard = new VirtualShard({ ...downloading, share: { halfOpen: 2 } });
  const silent = { connect: 'ignore' } as const;
  const lost = shard.add(silent, silent);
  shard.run(26_000);
  assert.ok(
    lost.every(({ dials, destroyed }) => dials === 2 && !destroyed),
    'they hold both places',
  );
  const [first, second] = shard.add(seed, seed);
  shard.run(100);
  assert.deepEqual([first?.dials, second?.dials], [1, 1]);
  assert.equal(shard.unchokes.length, 2);
  shard.run(300);
  assert.ok(
    lost.every(({ dials, destroyed }) => dials === 3 && !destroyed),
    'they wait for places that are free',
  );
});

test('of the lost, those that gave data once come first', () => {
  const shard = new VirtualShard({ ...downloading, share: { dialRatePerS: 10 } });
  const dead = shard.add(...Array.from({ length: 40 }, () => refuses));
  const script = [...seedScript(INFO_HASH, 8, 10), [500, { end: 'reset' }] as const];
  const [good] = shard.add({ ...seed, script });
  shard.run(16_000);
  const before = dead.reduce((sum, peer) => sum + peer.dials, 0);
  assert.equal(good?.dials, 2, `dialled again while ${before} dead ones were dialled`);
  assert.ok(before < 60, 'others still wait');
});

test('main asks to forget addresses: those in play are kept, the others are gone', () => {
  const shard = new VirtualShard({ ...downloading, share: { halfOpen: 2 } });
  const [lost, playing, waiting] = shard.add(refuses, { connect: 'ignore' }, { connect: 'ignore' }, seed);
  shard.run(1_000);
  assert.deepEqual([lost?.dials, playing?.dials, waiting?.dials], [1, 1, 1]);
  shard.command({ type: 'forget', peers: [0, 1, 3].map((n) => peerIndex(n)) });
  assert.deepEqual(shard.events.at(-1), { type: 'forgotten', peers: [0, 3], kept: [1] });
  shard.run(100_000);
  assert.equal(lost?.dials, 1);
});

test('a banished peer is not dialled again until main deals it again', () => {
  const shard = new VirtualShard(downloading);
  const [peer] = shard.add(refuses);
  shard.run(1_000);
  shard.command({ type: 'banish', peers: [peerIndex(0)], code: 'private' });
  shard.run(100_000);
  assert.equal(peer?.dials, 1);
  const addresses = [{ peer: peerIndex(0), host: '127.0.0.1', port: 1 }];
  shard.command({ type: 'addresses', addresses, lost: false });
  shard.run(15_000);
  assert.equal(peer?.dials, 3);
});

test('the lost of a shard that died wait before they are dialled by the new one', () => {
  const shard = new VirtualShard(downloading);
  const [peer] = shard.add(refuses);
  shard.command({ type: 'banish', peers: [peerIndex(0)], code: 'private' });
  const fresh = new VirtualShard(downloading);
  const [again] = fresh.add(refuses);
  fresh.command({ type: 'forget', peers: [peerIndex(0)] });
  const addresses = [{ peer: peerIndex(0), host: '127.0.0.1', port: 1 }];
  fresh.command({ type: 'addresses', addresses, lost: true });
  fresh.run(9_000);
  assert.equal(again?.dials, 0);
  fresh.run(2_000);
  assert.equal(again?.dials, 1);
  assert.equal(peer?.dials, 0);
});

const six: FakePeerScript = { ...seed, host: '2a01:4f8::1' };

for (const code of ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH', 'EPERM'] as const)
  test(`a machine without IPv6 that says ${code}: no pause for IPv4, and no dial until an address appears`, () => {
    const own = ['127.0.0.1', '::1', 'fe80::1', '10.0.0.2'];
    const shard = new VirtualShard({ ...downloading, ownAddresses: () => own });
    const connect =
      code === 'EADDRNOTAVAIL'
        ? { shortage: code, times: 1_000 }
        : ({ fail: 'unreachable', afterMs: 0 } as const);
    const peers = shard.add(...Array.from({ length: 200 }, () => ({ ...six, connect })));
    shard.add(seed);
    shard.run(100_000);
    assert.ok((shard.unchokes[0] ?? Number.NaN) < 100, 'at once');
    const dials = () => peers.reduce((sum, peer) => sum + peer.dials, 0);
    const before = dials();
    assert.ok(before >= 1 && before <= 16, `${before} dials, of one turn`);
    const load = shard.events.findLast((event) => event.type === 'load');
    assert.equal(load?.type === 'load' && load.load.shortages, 0);
    own.push('2a01:4f8::99');
    shard.run(4_000);
    assert.ok(dials() >= before + 16, 'the family is there');
  });

test('an IPv6 address without a route, or a firewall: after some dials the family is skipped for a while', () => {
  const shard = new VirtualShard({ ...downloading, ownAddresses: () => ['10.0.0.2', 'fd00::2'] });
  const connect = { fail: 'unreachable', detail: 'ENETUNREACH', afterMs: 0 } as const;
  const peers = shard.add(...Array.from({ length: 200 }, () => ({ ...six, connect })));
  shard.add(seed);
  shard.run(29_000);
  assert.ok((shard.unchokes[0] ?? Number.NaN) < 100, 'at once');
  const dials = () => peers.reduce((sum, peer) => sum + peer.dials, 0);
  assert.ok(dials() >= 16 && dials() <= 48, `${dials()} dials`);
  shard.run(150_000);
  assert.ok(dials() <= 48 * 6, `${dials()} dials in three minutes`);
  const before = dials();
  shard.shard.command({ type: 'network-back' });
  shard.run(15_000);
  assert.ok(dials() > before, 'found out anew');
});

test('with --interface of one family, addresses of the other are lost at once, and are never dialled', () => {
  const shard = new VirtualShard({
    ...downloading,
    localAddress: '10.0.0.2',
    ownAddresses: () => ['10.0.0.2'],
  });
  const [other] = shard.add(six);
  shard.run(300_000);
  assert.equal(other?.dials, 0);
  assert.deepEqual(
    shard.outcomes.map(({ reason, retryInMs }) => [reason.stage, reason.code, retryInMs]),
    [['queued', 'unreachable', null]],
  );
});

test('with --interface and an address that disappears and returns, peers wait for it without a pause', () => {
  const own = ['127.0.0.1'];
  const options = { ...downloading, localAddress: '10.0.0.2', ownAddresses: () => own };
  const shard = new VirtualShard(options);
  const [peer] = shard.add({ ...seed, host: '11.0.0.1', connect: { shortage: 'EADDRNOTAVAIL', times: 1 } });
  shard.run(95_000);
  assert.equal(peer?.dials, 1);
  own.push('10.0.0.2');
  shard.run(3_000);
  assert.equal(shard.unchokes.length, 1);
});

test('a real shortage of ports pauses dialling as before', () => {
  const shard = new VirtualShard(downloading);
  const [peer] = shard.add({ ...seed, connect: { shortage: 'EADDRNOTAVAIL', times: 3 } });
  shard.run(10_000);
  assert.equal(peer?.dials, 4);
  assert.deepEqual(shard.closings, []);
});

test('a peer that is silent after its handshake is dialled again as well', () => {
  const shard = new VirtualShard({ slots: 4, chokedTimeoutMs: 30_000 });
  const [peer] = shard.add({ script: [shake] });
  shard.run(60_000);
  assert.equal(peer?.dials, 2);
  assert.equal(shard.outcomes[0]?.reason.code, 'never-unchoked');
});
