/** A shard with a torrent of version 2 or a hybrid (BEP 52): info hashes, and messages with hashes of trees. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashRequest } from '../../src/shared/hash-messages.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import { HASHES_BURST_BYTES, HASHES_BYTES_PER_S, MAX_HASH_REQUESTS } from '../../src/shared/limits.ts';
import type { Verb } from '../support/fake-peer.ts';
import { VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const V2_HASH = Buffer.alloc(20, 0xcd);
const ROOT = Buffer.alloc(32, 0x52);
const REQUEST: HashRequest = { root: Uint8Array.from(ROOT), base: 1, index: 512, count: 512, proofs: 9 };
const HYBRID = { infoHashV2: V2_HASH };

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const ask = ({ root, base, index, count, proofs }: HashRequest): Buffer =>
  Buffer.concat([root, u32(base), u32(index), u32(count), u32(proofs)]);

/** A handshake; `raises`: with the bit of version 2. */
function shake(infoHash: Uint8Array, raises = true): readonly [number, Verb] {
  const bytes = handshakeOf(infoHash, '-XX0001-peer', ['fast']);
  if (raises) bytes.writeUInt8(0x14, 27);
  return say(0, bytes);
}

const hashHeard = (heard: string): string => Buffer.from(heard.slice(28, 48), 'latin1').toString('hex');
const told = (shard: VirtualShard) => shard.events.filter(({ type }) => type === 'has-hashes').length;

test('we dial with the hash of version 1 and its bit; a peer that answers with the other hash speaks version 2', () => {
  for (const [infoHash, version2] of [
    [INFO_HASH, false],
    [V2_HASH, true],
  ] as const) {
    const shard = new VirtualShard(HYBRID);
    const [peer] = shard.add({ script: [shake(infoHash)] });
    shard.run(100);
    assert.equal(hashHeard(peer?.bytesHeard ?? ''), INFO_HASH.toString('hex'));
    assert.equal((peer?.bytesHeard.charCodeAt(27) ?? 0) & 0x10, 0x10);
    assert.equal(told(shard), version2 ? 1 : 0);
    assert.deepEqual(shard.closings, []);
  }
});

test('an address of the swarm of version 2 is dialled with its hash', () => {
  const shard = new VirtualShard(HYBRID);
  const [peer] = shard.add({ script: [shake(V2_HASH, false)], version2: true });
  shard.run(100);
  assert.equal(hashHeard(peer?.bytesHeard ?? ''), V2_HASH.toString('hex'));
  assert.equal(told(shard), 1);
});

test('a peer that dials us gets the hash that it knows, or the better one if it has the bit', () => {
  for (const [infoHash, raises, answer] of [
    [INFO_HASH, false, INFO_HASH],
    [INFO_HASH, true, V2_HASH],
    [V2_HASH, false, V2_HASH],
    [V2_HASH, true, V2_HASH],
  ] as const) {
    const shard = new VirtualShard(HYBRID);
    shard.listen();
    const peer = shard.knock({ script: [shake(infoHash, raises)] });
    shard.run(100);
    assert.equal(hashHeard(peer.bytesHeard), answer.toString('hex'));
    assert.equal(told(shard), answer === V2_HASH ? 1 : 0);
  }
});

test('a torrent of version 1 has neither the bit nor the messages', () => {
  const shard = new VirtualShard({});
  const [peer] = shard.add({ script: [shake(INFO_HASH), say(10, frame(21, ask(REQUEST)))] });
  shard.run(100);
  assert.equal((peer?.bytesHeard.charCodeAt(27) ?? 0) & 0x10, 0);
  assert.equal(told(shard), 0);
  assert.ok(!shard.events.some(({ type }) => type === 'hash-request'), 'it is passed over');
  assert.deepEqual(shard.closings, []);
});

test('a request goes to main, its answer to the peer; too many at one time are rejected here', () => {
  const many = Array.from({ length: MAX_HASH_REQUESTS + 2 }, (_, i) =>
    say(10, frame(21, ask({ ...REQUEST, index: 512 * i }))),
  );
  const shard = new VirtualShard(HYBRID);
  const [peer] = shard.add({ script: [shake(V2_HASH), ...many] });
  shard.run(100);
  const asked = shard.events.flatMap((event) => (event.type === 'hash-request' ? [event.request] : []));
  assert.equal(asked.length, MAX_HASH_REQUESTS);
  assert.deepEqual(asked[1], REQUEST);
  assert.equal(peer?.bytesHeard.split(ROOT.toString('latin1')).length, 3, 'two rejects');
  const hashes = Uint8Array.from(Buffer.alloc(32, 9));
  shard.command({
    type: 'tell-hashes',
    peer: peerIndex(0),
    request: REQUEST,
    answer: { leaves: null, hashes },
  });
  const answer = Buffer.concat([frame(22, Buffer.concat([ask(REQUEST), hashes]))]).toString('latin1');
  assert.ok(peer?.bytesHeard.endsWith(answer));
  shard.command({ type: 'tell-hashes', peer: peerIndex(0), request: REQUEST, answer: null });
  assert.ok(peer?.bytesHeard.endsWith(frame(23, ask(REQUEST)).toString('latin1')));
});

test('a peer that requests hashes without end gets some at once, and then as many as a second allows', () => {
  const bytes = REQUEST.count * 32;
  const [burst, perS] = [HASHES_BURST_BYTES / bytes, HASHES_BYTES_PER_S / bytes];
  const shard = new VirtualShard(HYBRID);
  const [peer] = shard.add({ script: [shake(V2_HASH)] });
  shard.run(100);
  /** Returns how many of these requests main hears of. */
  const heard = (requests: number): number => {
    const before = shard.events.length;
    for (let i = 0; i < requests; i++) {
      peer?.say(frame(21, ask(REQUEST)));
      shard.run(0);
      const [event] = shard.events.slice(-1);
      if (event?.type === 'hash-request')
        shard.command({ type: 'tell-hashes', peer: peerIndex(0), request: REQUEST, answer: null });
    }
    return shard.events.slice(before).filter(({ type }) => type === 'hash-request').length;
  };
  assert.equal(heard(burst + 10), burst);
  shard.run(1_000);
  const later = heard(perS + 10);
  assert.ok(later >= perS && later <= perS + 1, `${later}`);
  assert.deepEqual(shard.closings, [], 'it is rejected, not closed');
});

test('main hears only of hashes that it asked for, once', () => {
  const hashes = Buffer.alloc(64, 3);
  const answer = frame(22, Buffer.concat([ask(REQUEST), hashes]));
  const shard = new VirtualShard(HYBRID);
  const [peer] = shard.add({
    script: [
      shake(V2_HASH),
      say(10, answer),
      say(100, answer),
      say(110, answer),
      say(150, frame(23, ask(REQUEST))),
    ],
  });
  shard.run(50);
  shard.command({ type: 'ask-hashes', peer: peerIndex(0), requests: [REQUEST] });
  assert.ok(peer?.bytesHeard.endsWith(frame(21, ask(REQUEST)).toString('latin1')));
  shard.run(80);
  const heard = () => shard.events.flatMap((event) => (event.type === 'hashes' ? [event.hashes] : []));
  assert.deepEqual(heard(), [Uint8Array.from(hashes)]);
  shard.command({ type: 'ask-hashes', peer: peerIndex(0), requests: [REQUEST] });
  shard.run(50);
  assert.deepEqual(heard()[1], null, 'a reject');
});

for (const [what, bytes, code] of [
  ['a request that is too short', frame(21, Buffer.alloc(47)), 'bad-length'],
  ['hashes with a part of one', frame(22, Buffer.alloc(48 + 33)), 'bad-length'],
  ['hashes without a request', frame(22, Buffer.alloc(20)), 'bad-length'],
  ['hashes without end', Buffer.concat([u32(1_000_000), Buffer.of(22)]), 'frame-too-long'],
  ['a reject with hashes', frame(23, Buffer.alloc(48 + 32)), 'bad-length'],
] as const)
  test(`${what}: the peer is closed`, () => {
    const shard = new VirtualShard(HYBRID);
    shard.add({ script: [shake(V2_HASH), say(10, bytes)] });
    shard.run(600);
    assert.deepEqual(
      shard.closings.map(([, , why]) => why),
      [code],
    );
  });

test('a flood of requests costs the peer its connection', () => {
  const flood = Buffer.concat(Array.from({ length: 20_000 }, () => frame(21, ask(REQUEST))));
  const shard = new VirtualShard(HYBRID);
  shard.add({ script: [shake(V2_HASH), say(1, wire.interested), say(10, flood)] });
  shard.run(2_000);
  assert.deepEqual(
    shard.closings.map(([, , why]) => why),
    ['flood'],
  );
});
