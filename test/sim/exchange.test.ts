/** Peer exchange (BEP 11) of a shard, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalHost } from '../../src/shared/ip-address.ts';
import { decodePex } from '../../src/workers/wire/pex-message.ts';
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shakeOf = (id: string) => say(0, handshakeOf(INFO_HASH, `-XX0001-${id}`, ['ext']));
const shake = shakeOf('peer');
const otherShake = shakeOf('other');
const hello = say(1, wire.extended(0, 'd1:md6:ut_pexi9eee'));
const full = say(2, wire.bitfield('11111111'));
const ours = 2;
const named = (ms: number) =>
  say(ms, wire.extended(ours, 'd5:added12:\x0a\x00\x00\x01\x1a\xe1\x0a\x00\x00\x02\x00\x00e'));
const downloading = { slots: 4, chokedTimeoutMs: 600_000 };
const told = (shard: VirtualShard) => shard.events.filter(({ type }) => type === 'peers-told');

test('peers that others name are reported, without port 0, at most every half minute', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  shard.add({ script: [shake, hello, named(10), named(20), named(29_000), named(31_000)] });
  shard.run(40_000);
  const peers = [{ host: '10.0.0.1', port: 6_881, punchable: false }];
  assert.deepEqual(told(shard), [
    { type: 'peers-told', peer: 0, peers },
    { type: 'peers-told', peer: 0, peers },
  ]);
});

test('we name the peers that we dialled, once, with seeds marked; then changes, each minute', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  shard.listen();
  const quiet: FakePeerScript = { script: [otherShake, full, [30_000, { end: 'bad-length' }]] };
  const [listener] = shard.add({ script: [shake, hello] }, quiet);
  shard.knock({ script: [shake, full] });
  shard.run(20_000);
  const address = (port: number) => `\x7f\x00\x00\x01\x00${String.fromCharCode(port)}`;
  const messages = () => listener?.bytesHeard.split('\x14\x09').slice(1) ?? [];
  assert.equal(messages().length, 1);
  assert.ok(messages()[0]?.startsWith(`d5:added6:${address(2)}7:added.f1:\x12`), 'only the seed');
  shard.run(25_000);
  assert.equal(messages().length, 1, 'nothing before a minute has passed');
  shard.run(20_000);
  assert.ok(messages()[1]?.includes(`7:dropped6:${address(2)}`));
});

test('of peers that connected to us, those are named that say where they listen', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  shard.listen();
  const [listener] = shard.add({ script: [shake, hello] });
  const says = (p: string) => say(1, wire.extended(0, `d1:mde1:pi${p}ee`));
  shard.knock({ script: [shake, full, says('6881')] }, '10.1.1.1');
  shard.knock({ script: [shake, says('0')] }, '10.1.1.2');
  shard.knock({ script: [shake, says('65536')] }, '10.1.1.3');
  shard.knock({ script: [shake] }, '10.1.1.4');
  shard.run(20_000);
  const [, message] = listener?.bytesHeard.split('\x14\x09') ?? [];
  assert.ok(
    message?.startsWith('d5:added6:\x0a\x01\x01\x01\x1a\xe17:added.f1:\x02'),
    'a seed, dialled by nobody',
  );
});

test('the first peer hears of the second as soon as it comes', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  const [first] = shard.add({ script: [shake, hello] });
  shard.run(20_000);
  assert.ok(!first?.bytesHeard.includes('\x14\x09'), 'nothing to tell');
  shard.add({ script: [otherShake, full] });
  shard.run(3_000);
  assert.ok(first?.bytesHeard.includes('\x14\x09d5:added6:\x7f\x00\x00\x01\x00\x02'));
});

test('a peer with two connections does not hear of itself, and of the next peer as soon as it comes', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  const twice = shard.add({ script: [shake, hello] }, { script: [shake, hello] });
  shard.run(20_000);
  const messages = () => twice.map(({ bytesHeard }) => bytesHeard.split('\x14\x09').slice(1));
  assert.deepEqual(messages(), [[], []]);
  shard.add({ script: [otherShake, full] });
  shard.run(3_000);
  for (const [message, ...others] of messages()) {
    assert.ok(message?.startsWith('d5:added6:\x7f\x00\x00\x01\x00\x03'));
    assert.deepEqual(others, []);
  }
});

test('each peer hears where it reaches us, once we know that', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  const [early] = shard.add({ script: [shake] });
  shard.run(1_000);
  shard.shard.command({ type: 'reachable', port: 51_413, routerPort: null, isOpen: false });
  shard.listen();
  const [late] = shard.add({ script: [shake] });
  const guest = shard.knock({ script: [shake] });
  shard.run(1_000);
  const says = '1:pi51413e';
  assert.deepEqual(
    [early, late, guest].map((peer) => peer?.bytesHeard.includes(says)),
    [false, true, true],
  );
});

test('no peer gets an address with a nearer reach than its own', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  const listener = { script: [shake, hello] };
  const hosts = ['8.8.8.8', '192.168.1.7', '127.0.0.1', '2a00:1450::1', 'fd00::7'];
  const listeners = shard.add(...hosts.map((host) => ({ ...listener, host })));
  shard.run(5_000);
  const namedTo = listeners.map(({ bytesHeard }) => {
    const [, message = ''] = bytesHeard.split('\x14\x09');
    const dictionary = message.slice(0, message.lastIndexOf('e') + 1);
    const named = decodePex(Buffer.from(dictionary, 'latin1'), 50) ?? [];
    return named.map(({ host }) => hosts.indexOf(canonicalHost(host))).sort();
  });
  assert.deepEqual(namedTo, [[3], [0, 3, 4], [0, 1, 3, 4], [0], [0, 1, 3]]);
});

test('no exchange, in or out, for a private torrent and with --no-pex', () => {
  for (const options of [{ pex: false }, { pex: true, private: true }]) {
    const shard = new VirtualShard({ ...downloading, ...options });
    const [peer] = shard.add({ script: [shake, hello, named(10)] }, { script: [shake, full] });
    shard.run(70_000);
    assert.deepEqual(told(shard), []);
    assert.ok(!peer?.bytesHeard.includes('\x14\x09'), 'nothing told');
    assert.ok(!peer?.bytesHeard.includes('ut_pex'), 'not even offered');
  }
});

test('an invalid message closes the peer', () => {
  const shard = new VirtualShard({ ...downloading, pex: true });
  shard.add({ script: [shake, hello, say(10, wire.extended(ours, 'le'))] });
  shard.run(1_000);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['bad-extended'],
  );
});
