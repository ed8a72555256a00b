/** A shard that begins without a torrent, as with a magnet link: what it keeps, what it requests, and how it continues. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MetadataFetch } from '../../src/main/metadata/metadata-fetch.ts';
import { peerIndex } from '../../src/shared/indices.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { type FakePeerScript, seedScript, type Verb } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { INFO, VirtualShard } from '../support/virtual-shard.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const say = (ms: number, bytes: Uint8Array): readonly [number, Verb] => [ms, { say: bytes }];
const shake = say(0, handshakeOf(INFO_HASH, '-XX0001-peer', ['ext']));
/** It chose extended id 7 for metadata. */
const offer = say(1, wire.extended(0, `d1:md11:ut_metadatai7ee13:metadata_sizei${INFO.length}ee`));
const ours = 1;

test('metadata is offered, requested by the id that the peer chose, and passed on', () => {
  const shard = new VirtualShard({ magnet: true, slots: 4 });
  const part = `d8:msg_typei1e5:piecei2e10:total_sizei${INFO.length}ee${'z'.repeat(INFO.length - 2 * 16_384)}`;
  const [peer] = shard.add({ script: [shake, offer, say(100, wire.extended(ours, part))] });
  shard.run(50);
  assert.deepEqual(
    shard.events.filter(({ type }) => type === 'metadata-offer'),
    [{ type: 'metadata-offer', peer: 0, bytes: INFO.length }],
  );
  shard.command({ type: 'ask-metadata', peer: peerIndex(0), parts: [2] });
  assert.ok(peer?.bytesHeard.includes('\x14\x07d8:msg_typei0e5:piecei2ee'), 'a request, by its own id');
  shard.run(100);
  const told = shard.events.find((event) => event.type === 'metadata-part');
  assert.ok(told?.type === 'metadata-part');
  assert.deepEqual(
    [told.part.index, told.part.totalBytes, told.part.bytes?.length],
    [2, INFO.length, INFO.length - 2 * 16_384],
  );
});

test('the last statement of a peer about its metadata counts: size corrected, named late, taken back', () => {
  const greet = (m: string, more = '') => wire.extended(0, `d1:md11:ut_metadatai${m}ee${more}e`);
  const size = (bytes: number): string => `13:metadata_sizei${bytes}e`;
  const shard = new VirtualShard({ magnet: true });
  shard.add(
    { script: [shake, say(1, greet('7', size(9))), say(2, greet('7', size(40_000)))] },
    // It has none at first; later it says that it has some, without its extended id.
    { script: [shake, say(1, greet('7')), say(2, wire.extended(0, `d1:mde${size(40_000)}e`))] },
    // The size comes first, the id later.
    { script: [shake, say(1, wire.extended(0, `d1:mde${size(40_000)}e`)), say(2, greet('7'))] },
    { script: [shake, say(1, greet('7', size(40_000))), say(2, greet('0')), say(3, greet('7'))] },
    { script: [shake, say(1, greet('7', size(40_000))), say(2, greet('7', size(-1)))] },
  );
  shard.run(300);
  const offers: (number | null)[][] = [[], [], [], [], []];
  for (const event of shard.events)
    if (event.type === 'metadata-offer') offers[event.peer]?.push(event.bytes);
  assert.deepEqual(offers, [[9, 40_000], [0, 40_000], [40_000], [40_000, null, 40_000], [40_000, 0]]);
});

test('once we have the metadata, peers that look for it get a second greeting, and others do not', () => {
  const shard = new VirtualShard({ magnet: true, slots: 4 });
  const peers = shard.add(
    { script: [shake, say(1, wire.extended(0, 'd1:md11:ut_metadatai7eee'))] },
    { script: [shake, offer] },
    { script: [shake, say(1, wire.extended(0, 'd1:mdee'))] },
    { script: [say(0, handshakeOf(INFO_HASH, '-XX0001-peer'))] },
  );
  shard.run(100);
  const greetings = () => peers.map(({ bytesHeard }) => bytesHeard.split('\x14\x00d').length - 1);
  assert.deepEqual(greetings(), [1, 1, 1, 0]);
  shard.setTorrent();
  assert.deepEqual(greetings(), [2, 1, 1, 0]);
  assert.ok(peers[0]?.bytesHeard.includes(`13:metadata_sizei${INFO.length}e`));
});

test('a part that is requested twice may arrive twice', () => {
  const shard = new VirtualShard({ magnet: true });
  const reject = wire.extended(ours, 'd8:msg_typei2e5:piecei0ee');
  shard.add({ script: [shake, offer, ...[20, 30, 40].map((ms) => say(ms, reject))] });
  shard.run(10);
  for (let i = 0; i < 2; i++) shard.command({ type: 'ask-metadata', peer: peerIndex(0), parts: [0] });
  shard.run(300);
  assert.equal(
    shard.events.filter(({ type }) => type === 'metadata-part').length,
    2,
    'the third was not asked for',
  );
});

/** A shard and main's search, in virtual time: when the metadata was found, and which parts were requested when. */
function searched(script: readonly (readonly [number, Verb])[], untilMs: number) {
  const shard = new VirtualShard({ magnet: true });
  const search = new MetadataFetch({ v1: createHash('sha1').update(INFO).digest(), v2: null });
  shard.add({ script: [shake, ...script] });
  const asked: [number, readonly number[]][] = [];
  let seen = 0;
  for (let ms = 50; ms <= untilMs; ms += 50) {
    shard.run(50);
    for (const event of shard.events.slice(seen)) {
      if (event.type === 'metadata-offer' && event.bytes !== null)
        search.offered(event.peer, event.bytes, { shared: ms, lived: ms });
      if (event.type !== 'metadata-part') continue;
      if (search.arrived(event.peer, event.part, ms).info !== null) return { foundAt: ms, asked };
    }
    seen = shard.events.length;
    for (const { peer, parts } of search.next(ms)) {
      asked.push([ms, parts]);
      shard.command({ type: 'ask-metadata', peer, parts });
    }
  }
  return { foundAt: null, asked };
}

const rejectOf = (part: number) => wire.extended(ours, `d8:msg_typei2e5:piecei${part}ee`);
const dataOf = (part: number) =>
  wire.extended(
    ours,
    `d8:msg_typei1e5:piecei${part}e10:total_sizei${INFO.length}ee${INFO.subarray(part * 16_384, (part + 1) * 16_384).toString('latin1')}`,
  );
const ALL = [0, 1, 2];

test('a peer that rejects metadata is asked again after a second, and what it sends then counts', () => {
  const rejects = ALL.map((part) => say(300, rejectOf(part)));
  const again = searched([offer, ...rejects, ...ALL.map((part) => say(1_400, dataOf(part)))], 5_000);
  assert.deepEqual(again, {
    foundAt: 1_400,
    asked: [
      [50, ALL],
      [1_300, ALL],
    ],
  });
  const some = searched(
    [offer, say(300, rejectOf(1)), say(310, dataOf(0)), say(320, dataOf(2)), say(1_400, dataOf(1))],
    5_000,
  );
  assert.deepEqual(some.asked, [
    [50, ALL],
    [1_300, [1]],
  ]);
  assert.equal(some.foundAt, 1_400);
});

test('a second greeting corrects the size, or says that the metadata is there now', () => {
  const greet = (bytes: number) => wire.extended(0, `d1:md11:ut_metadatai7ee13:metadata_sizei${bytes}ee`);
  for (const first of [greet(99), wire.extended(0, 'd1:md11:ut_metadatai7eee')]) {
    const parts = ALL.map((part) => say(600, dataOf(part)));
    const { foundAt, asked } = searched([say(1, first), say(500, greet(INFO.length)), ...parts], 5_000);
    assert.equal(foundAt, 600);
    assert.deepEqual(asked.at(-1), [500, ALL]);
  }
});

test('a peer whose metadata message cannot be read is closed', () => {
  const shard = new VirtualShard({ magnet: true });
  shard.add({ script: [shake, offer, say(10, wire.extended(ours, 'nonsense'))] });
  shard.run(1_000);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['bad-extended'],
  );
});

test('pieces announced before the torrent was known count afterwards: the same connections go on', () => {
  const shard = new VirtualShard({ magnet: true, slots: 8 });
  const haves: FakePeerScript = {
    script: [shake, ...[0, 1, 2].map((piece) => say(1, wire.have(piece))), say(50, wire.unchoke)],
    serves: payload,
  };
  const peers = shard.add({ script: seedScript(INFO_HASH, 8, 20), serves: payload }, haves);
  shard.run(2_000);
  assert.deepEqual(
    peers.map(({ requests }) => requests.length),
    [0, 0],
  );
  shard.setTorrent();
  assert.deepEqual(
    [0, 2, 7].map((piece) => shard.ledger?.availabilityOf(piece as never)),
    [2, 2, 1],
  );
  const seen = new Set<FullPiece>();
  for (let passed = 0; passed < 1_000; passed += 10) {
    shard.run(10);
    shard.judge(() => true, seen);
  }
  assert.equal(shard.ledger?.verifiedCount, 8);
  assert.deepEqual(
    peers.map(({ dials }) => dials),
    [1, 1],
  );
});

test('pieces that do not fit the torrent are detected when it becomes known', () => {
  const shard = new VirtualShard({ magnet: true, slots: 4 });
  shard.add(
    { script: [shake, say(1, wire.bitfield('1'.repeat(80)))] },
    { script: [shake, say(1, wire.have(8))] },
    { script: [shake, say(1, wire.bitfield('11111111'))] },
  );
  shard.run(100);
  shard.setTorrent();
  shard.run(300);
  assert.deepEqual(shard.closings.map(([, , code]) => code).sort(), ['bad-bitfield', 'bad-piece-index']);
});

test('a peer that announces more than we keep is closed as too early, and all bitfields share one limit', () => {
  const shard = new VirtualShard({ magnet: true });
  const many = frame(5, Buffer.alloc(262_144, 0xff));
  shard.add(
    { script: [shake, say(1, Buffer.concat(Array.from({ length: 4_097 }, (_, i) => wire.have(i))))] },
    ...Array.from({ length: 65 }, (): FakePeerScript => ({ script: [shake, say(2, many)] })),
  );
  shard.run(500);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['too-early', 'too-early'],
  );
});

test('our metadata is sent to others, one part at a time, and missing parts are rejected', () => {
  const shard = new VirtualShard({ slots: 4 });
  const ask = (part: number) => wire.extended(ours, `d8:msg_typei0e5:piecei${part}ee`);
  const [peer] = shard.add({ script: [shake, offer, say(10, ask(2)), say(20, ask(3))] });
  shard.run(100);
  const last = INFO.length - 2 * 16_384;
  const data = `d8:msg_typei1e5:piecei2e10:total_sizei${INFO.length}ee`;
  assert.ok(peer?.bytesHeard.includes(`${u32(2 + data.length + last).toString('latin1')}\x14\x07${data}iii`));
  assert.ok(peer?.bytesHeard.includes('\x14\x07d8:msg_typei2e5:piecei3ee'), 'rejected');
  assert.ok(peer?.bytesHeard.includes(`13:metadata_sizei${INFO.length}e`), 'and said in our handshake');
});

test('unrequested parts are not passed on, and a peer that floods with them is closed', () => {
  const shard = new VirtualShard({ magnet: true });
  const reject = wire.extended(ours, 'd8:msg_typei2e5:piecei0ee');
  const again = wire.extended(0, `d1:md11:ut_metadatai7ee13:metadata_sizei${INFO.length}ee`);
  shard.add(
    { script: [shake, offer, say(10, Buffer.concat(Array.from({ length: 300 }, () => reject)))] },
    { script: [shake, offer, say(10, Buffer.concat(Array.from({ length: 300 }, () => again)))] },
  );
  shard.run(1_000);
  assert.deepEqual(
    shard.events.filter(({ type }) => type === 'metadata-part'),
    [],
  );
  assert.equal(shard.events.filter(({ type }) => type === 'metadata-offer').length, 2);
  assert.deepEqual(
    shard.closings.map(([, , code]) => code),
    ['bad-extended', 'bad-extended'],
  );
});
