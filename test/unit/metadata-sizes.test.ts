/** The race for the metadata of a magnet link: peers that name different sizes, of which one at most is right. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MetadataFetch } from '../../src/main/metadata/metadata-fetch.ts';
import { type PeerIndex, peerIndex } from '../../src/shared/indices.ts';

const PART = 16_384;
const PARTS = 4;
const INFO = Buffer.alloc(3 * PART + 100, 'metadata');
const HASH = createHash('sha1').update(INFO).digest();
/** The moment of an offer, where the process was never stopped. */
const at = (ms: number) => ({ shared: ms, lived: ms });

test('silent peers have no vote: a peer that names a wrong size and then stays silent starves no other', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  for (const peer of [0, 1]) search.offered(peerIndex(peer), 9, at(0));
  search.offered(peerIndex(2), INFO.length, at(0));
  const asked = new Set<number>();
  for (let now = 0; now < 20_000; now += 250) for (const { peer } of search.next(now)) asked.add(peer);
  assert.ok(asked.has(2));
});

test('one slow giver of a false size holds up the right one for five seconds, several for five seconds each', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const slow = [0, 1, 2].map(peerIndex);
  for (const peer of slow) search.offered(peer, 31_457_280 - peer, at(0));
  search.offered(peerIndex(3), INFO.length, at(0));
  const late: (readonly [number, PeerIndex, number])[] = [];
  let askedAt: number | null = null;
  let given = 0;
  for (let now = 0; now <= 60_000 && askedAt === null; now += 250) {
    for (const [, peer, index] of late.filter(([due]) => due === now)) {
      given += 1;
      search.arrived(peer, { index, totalBytes: 31_457_280 - peer, bytes: new Uint8Array(PART) }, now);
    }
    for (const { peer, parts } of search.next(now))
      if (peer === 3) askedAt ??= now;
      else for (const part of parts) late.push([now + 4_000, peer, part]);
  }
  assert.ok(given > 3 * PARTS, 'the fault fired');
  assert.equal(askedAt, 15_000);
});

test('parts of wrong sizes are kept within a bound', () => {
  const size = 31_000_000;
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const peers = 4;
  const parts = Math.ceil(size / PART);
  const before = process.memoryUsage().arrayBuffers;
  for (let peer = 0; peer < peers; peer++) search.offered(peerIndex(peer), size + peer, at(0));
  let sent = 0;
  // Each sends all but the last part of its own size.
  for (let now = 0; now < 60_000 && sent < peers * (parts - 1); now += 250) {
    for (let more = true; more; ) {
      more = false;
      for (const ask of search.next(now)) {
        for (const index of ask.parts.filter((part) => part < parts - 1)) {
          search.arrived(ask.peer, { index, totalBytes: size + ask.peer, bytes: new Uint8Array(PART) }, now);
          sent += 1;
          more = true;
        }
      }
    }
  }
  assert.equal(sent, peers * (parts - 1), 'the fault fired');
  const kept = process.memoryUsage().arrayBuffers - before;
  assert.ok(kept < 3.5 * size, `${kept} bytes are kept`);
});
