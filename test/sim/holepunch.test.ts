/** Holepunching (BEP 55) of a shard in virtual time: as the relay of others, as the target, and as the one that asks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { HOLEPUNCH_BURST, MAX_PUNCHES, RELAY_LINES } from '../../src/shared/limits.ts';
import type { FakePeer, FakePeerScript, Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = (id = '-XX0001-peer') => say(0, handshakeOf(INFO_HASH, id, ['ext']));
/** It hears messages of BEP 55 as 9. */
const hello = say(1, wire.extended(0, 'd1:md12:ut_holepunchi9eee'));
/** The id that we chose for it. */
const OURS = 3;
const KINDS = ['rendezvous', 'connect', 'error'] as const;

/** The payload, written by hand: IPv4 only. */
function body(kind: (typeof KINDS)[number], { host, port }: HostPort, error = [0, 0, 0, 0]): string {
  const bytes = [KINDS.indexOf(kind), 0, ...host.split('.').map(Number), port >> 8, port & 0xff, ...error];
  return String.fromCharCode(...bytes);
}
const asks = (ms: number, to: HostPort) => say(ms, wire.extended(OURS, body('rendezvous', to)));
const commands = (ms: number, to: HostPort) => say(ms, wire.extended(OURS, body('connect', to)));
/** What of BEP 55 the peer heard. */
const heard = (peer: FakePeer | undefined): string[] =>
  (peer?.bytesHeard.split('\x14\x09').slice(1) ?? []).map((message) => message.slice(0, 12));

const options = { slots: 4, chokedTimeoutMs: 600_000, pex: true, holepunch: true } as const;
const eventsOf = (shard: VirtualShard, ...types: string[]) =>
  shard.events.filter(({ type }) => types.includes(type));
const INITIATOR = { host: '8.8.8.8', port: 1 };
const TARGET = { host: '8.8.4.4', port: 2 };
const PAIR = [{ host: INITIATOR.host }, { host: TARGET.host }] as const;

test('relay: both hear where the other one is', () => {
  const shard = new VirtualShard(options);
  const [initiator, target] = shard.add(
    { ...PAIR[0], script: [shake(), hello, asks(100, TARGET)] },
    { ...PAIR[1], script: [shake(), hello] },
  );
  shard.run(1_000);
  assert.deepEqual(heard(initiator), [body('connect', TARGET)]);
  assert.deepEqual(heard(target), [body('connect', INITIATOR)]);
});

test('relay: of an incoming peer over TCP the port where it listens counts, and it is found by that', () => {
  const shard = new VirtualShard(options);
  shard.listen();
  const listens = say(1, wire.extended(0, 'd1:md12:ut_holepunchi9ee1:pi6881ee'));
  const guest = { host: '8.8.8.8', port: 6_881 };
  const other = { host: '8.8.4.4', port: 6_881 };
  const one = shard.knock({ script: [shake(), listens, asks(100, other)] }, guest.host);
  const two = shard.knock({ script: [shake(), listens], transport: 'utp' }, other.host);
  shard.run(1_000);
  assert.deepEqual(heard(two), [body('connect', guest)]);
  // Over uTP its packets come from port 5: that is where its router lets answers in.
  assert.deepEqual(heard(one), [body('connect', { ...other, port: 5 })]);
});

test('relay: what is impossible is said', () => {
  const shard = new VirtualShard(options);
  const near = { host: '192.168.7.7', port: 3 };
  const away = { host: '8.8.1.1', port: 9 };
  const [initiator, , hidden] = shard.add(
    {
      ...PAIR[0],
      script: [shake(), hello, asks(10, INITIATOR), asks(20, TARGET), asks(30, near), asks(40, away)],
    },
    { ...PAIR[1], script: [shake()] },
    { host: near.host, script: [shake(), hello] },
  );
  shard.run(1_000);
  const error = (to: HostPort, code: number) => body('error', to, [0, 0, 0, code]);
  assert.deepEqual(heard(initiator), [error(INITIATOR, 4), error(TARGET, 3), error(near, 2)]);
  assert.deepEqual(heard(hidden), [], 'a peer of our own network is not told to a stranger');
  // The last one may be on another shard.
  assert.deepEqual(eventsOf(shard, 'introduction-asked'), [
    { type: 'introduction-asked', peer: 0, initiator: INITIATOR, target: away },
  ]);
  const peer = peerIndex(0);
  for (const result of [{ kind: 'no-such-peer' }, { kind: 'sent', address: TARGET }] as const)
    shard.command({ type: 'introduction', peer, target: away, result });
  assert.deepEqual(heard(initiator).slice(3), [error(away, 1), body('connect', TARGET)]);
});

test('relay: another shard has the target', () => {
  const shard = new VirtualShard(options);
  const [target] = shard.add({ ...PAIR[0], script: [shake(), hello] }, { ...PAIR[1], script: [shake()] });
  shard.run(1_000);
  const look = (request: number, to: HostPort) =>
    shard.command({ type: 'introduce', request, initiator: { host: '8.8.1.1', port: 7 }, target: to });
  look(1, INITIATOR);
  look(2, TARGET);
  look(3, { host: '8.8.9.9', port: 1 });
  assert.deepEqual(heard(target), [body('connect', { host: '8.8.1.1', port: 7 })]);
  assert.deepEqual(eventsOf(shard, 'introduced'), [
    { type: 'introduced', request: 1, result: { kind: 'sent', address: INITIATOR } },
    { type: 'introduced', request: 2, result: { kind: 'no-support' } },
    { type: 'introduced', request: 3, result: { kind: 'not-connected' } },
  ]);
});

test('one peer cannot ask too much: neither as the initiator, nor as a relay', () => {
  const shard = new VirtualShard(options);
  const many = Array.from({ length: HOLEPUNCH_BURST + 3 }, (_, i) => i);
  const [, target] = shard.add(
    { ...PAIR[0], script: [shake(), hello, ...many.map((i) => asks(10 + i, TARGET))] },
    { ...PAIR[1], script: [shake(), hello] },
    {
      host: '8.8.1.1',
      script: [
        shake(),
        hello,
        ...many.map((i) => commands(10 + i, { host: `8.1.1.${i}`, port: 6_881 })),
        commands(10_000, { host: '8.1.1.99', port: 6_881 }),
      ],
    },
  );
  shard.run(5_000);
  assert.equal(heard(target).length, HOLEPUNCH_BURST);
  assert.equal(eventsOf(shard, 'punch-asked').length, HOLEPUNCH_BURST);
  shard.run(10_000);
  assert.equal(eventsOf(shard, 'punch-asked').length, HOLEPUNCH_BURST + 1, 'later it may ask again');
});

test('target: a relay may name what it may know, and no port of a server', () => {
  const shard = new VirtualShard(options);
  const good = { host: '8.1.1.1', port: 1_024 };
  const bad = [
    { host: '8.1.1.1', port: 1_023 },
    { host: '192.168.1.1', port: 6_881 },
    { host: '127.0.0.1', port: 6_881 },
    { host: '224.0.0.1', port: 6_881 },
  ];
  shard.add({ ...PAIR[0], script: [shake(), hello, ...[...bad, good].map((to, i) => commands(10 + i, to))] });
  shard.run(1_000);
  assert.deepEqual(eventsOf(shard, 'punch-asked'), [{ type: 'punch-asked', peer: 0, address: good }]);
});

test('target: it is dialled over uTP alone, and main hears of it when it answers', () => {
  const shard = new VirtualShard(options);
  const [answers, silent] = shard.know({ script: [shake()], connect: 50 }, { connect: 'ignore' });
  for (const port of [1, 1, 2]) shard.command({ type: 'punch', address: { host: '8.1.1.1', port } });
  shard.run(40);
  assert.deepEqual([answers?.dials, silent?.dials], [1, 1], 'not twice at one time');
  assert.deepEqual(eventsOf(shard, 'accepted'), []);
  shard.run(1_000);
  const address = { peer: 1_000, host: '8.1.1.1', port: 1 };
  assert.deepEqual(eventsOf(shard, 'accepted'), [{ type: 'accepted', address, punched: true }]);
  assert.ok(answers?.bytesHeard.startsWith('\x13BitTorrent'), 'we speak first');
  shard.run(60_000);
  assert.equal(silent?.dials, 1, 'the moment is gone');
  assert.deepEqual(shard.outcomes, [], 'main has never heard of the other one');
});

test('target: few such dials at one time', () => {
  const shard = new VirtualShard(options);
  const fakes = shard.know(...Array.from({ length: 40 }, () => ({ connect: 'ignore' }) as const));
  for (let port = 1; port <= 40; port++) shard.command({ type: 'punch', address: { host: '8.1.1.1', port } });
  shard.run(100);
  assert.equal(fakes.filter(({ dials }) => dials > 0).length, MAX_PUNCHES);
});

test('initiator: a dial that is not answered for three seconds is told, if others know the peer', () => {
  const shard = new VirtualShard(options);
  shard.know({ connect: 'ignore' }, { connect: 'ignore' }, { connect: { fail: 'refused', afterMs: 600 } });
  const address = (peer: number, punchable: boolean) => ({
    peer: peerIndex(peer),
    host: '8.1.1.1',
    port: peer + 1,
    ...(punchable ? { punchable } : {}),
  });
  const addresses = [address(0, true), address(1, false), address(2, true)];
  shard.command({ type: 'addresses', addresses, lost: false });
  shard.run(2_900);
  assert.deepEqual(eventsOf(shard, 'unanswered'), [{ type: 'unanswered', peer: 2 }]);
  shard.run(400);
  assert.deepEqual(eventsOf(shard, 'unanswered').slice(1), [{ type: 'unanswered', peer: 0 }]);
});

test('initiator: the relay hears which peer we want, and its refusal is told', () => {
  const shard = new VirtualShard(options);
  const refusal = say(2_000, wire.extended(OURS, body('error', TARGET, [0, 0, 0, 2])));
  const [relay] = shard.add({ ...PAIR[0], script: [shake(), hello, refusal] }, { script: [shake()] });
  shard.run(1_000);
  for (const peer of [0, 1, 77])
    shard.command({ type: 'ask-introduction', peer: peerIndex(peer), target: TARGET });
  assert.deepEqual(heard(relay), [body('rendezvous', TARGET)]);
  const not = (peer: number) => ({ type: 'not-introduced', peer, target: TARGET });
  assert.deepEqual(eventsOf(shard, 'not-introduced'), [not(1), not(77)], 'it does not take part, or is away');
  shard.run(2_000);
  assert.deepEqual(eventsOf(shard, 'not-introduced').slice(2), [not(0)]);
});

test('where nobody can dial us, a few public peers that give us nothing are dialled again over uTP', () => {
  const none = say(2, wire.bitfield('00000000'));
  const scripts: FakePeerScript[] = Array.from({ length: RELAY_LINES + 2 }, (_, i) => ({
    host: `8.8.8.${i + 1}`,
    script: [shake(), hello, none],
  }));
  for (const isOpen of [true, false]) {
    const shard = new VirtualShard(options);
    shard.shard.command({ type: 'reachable', port: 6_881, routerPort: null, isOpen });
    const peers = shard.add(
      { host: '8.8.7.7', script: [shake(), none] },
      { host: '10.0.0.7', script: [shake(), hello, none] },
      ...scripts.map((script) => ({ ...script, transport: 'utp' as const })).slice(0, RELAY_LINES - 1),
      ...scripts.slice(RELAY_LINES - 1),
    );
    shard.run(20_000);
    const dials = peers.map((peer) => peer.dials);
    assert.deepEqual(dials.slice(0, 2), [1, 1], 'it does not take part, or is near us');
    const again = dials.filter((count) => count === 2).length;
    // The fake ones are over TCP for us again, so that there is always a line missing.
    assert.equal(again, isOpen ? 0 : scripts.length - (RELAY_LINES - 1));
    const codes = new Set(shard.outcomes.map(({ reason }) => reason.code));
    assert.deepEqual([...codes], isOpen ? [] : ['moved']);
  }
});

test('nothing of it, in or out, for a private torrent and where it is off', () => {
  for (const more of [{ holepunch: false }, { private: true }]) {
    const shard = new VirtualShard({ ...options, ...more });
    shard.shard.command({ type: 'reachable', port: 6_881, routerPort: null, isOpen: false });
    const [initiator, target] = shard.add(
      {
        ...PAIR[0],
        script: [shake(), hello, asks(10, TARGET), commands(20, { host: '8.1.1.1', port: 6_881 })],
      },
      { ...PAIR[1], script: [shake(), hello] },
    );
    shard.run(10_000);
    assert.ok(!initiator?.bytesHeard.includes('ut_holepunch'), 'not even offered');
    assert.deepEqual([heard(initiator), heard(target)], [[], []]);
    assert.deepEqual(eventsOf(shard, 'punch-asked', 'introduction-asked', 'unanswered'), []);
    assert.deepEqual([initiator?.dials, target?.dials], [1, 1]);
  }
});

test('where it is off, a look for a peer is answered: main waits for it', () => {
  const shard = new VirtualShard({ ...options, holepunch: false });
  shard.command({ type: 'introduce', request: 1, initiator: INITIATOR, target: TARGET });
  assert.deepEqual(eventsOf(shard, 'introduced'), [
    { type: 'introduced', request: 1, result: { kind: 'not-connected' } },
  ]);
});

test('a peer that does not take part is not heard, and malformed messages are ignored', () => {
  const shard = new VirtualShard(options);
  const bad = say(50, wire.extended(OURS, '\x00\x02\x08\x08\x04\x04\x00\x02'));
  const [, target] = shard.add(
    { ...PAIR[0], script: [shake(), asks(10, TARGET)] },
    { ...PAIR[1], script: [shake(), hello, bad, say(60, wire.extended(OURS, ''))] },
  );
  shard.run(1_000);
  assert.deepEqual(heard(target), []);
  assert.deepEqual(shard.closings, []);
});
