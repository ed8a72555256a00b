/** The race for the metadata of a magnet link: whom to ask for what, and who lied. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MetadataFetch } from '../../src/main/metadata/metadata-fetch.ts';
import { type PeerIndex, peerIndex } from '../../src/shared/indices.ts';

const PART = 16_384;
const INFO = Buffer.alloc(3 * PART + 100, 'metadata');
const HASH = createHash('sha1').update(INFO).digest();
const PARTS = 4;

const partOf = (info: Uint8Array, index: number): Uint8Array =>
  info.subarray(index * PART, (index + 1) * PART);
const answer = (index: number, info: Uint8Array = INFO) => ({
  index,
  totalBytes: info.length,
  bytes: partOf(info, index),
});
/** With one byte of one part wrong. */
function spoilt(part: number): Buffer {
  const info = Buffer.from(INFO);
  info[part * PART] = 0;
  return info;
}

/** Peers that answer at once, each with its own version; runs until there is nothing left to ask. */
function fetch(versions: readonly (Uint8Array | null)[]) {
  const search = new MetadataFetch(HASH);
  const liars: PeerIndex[] = [];
  const asked: [PeerIndex, number][] = [];
  let info: Uint8Array | null = null;
  for (const [peer, version] of versions.entries())
    search.offered(peerIndex(peer), version?.length ?? INFO.length);
  for (let now = 0; now < 60_000 && info === null; now += 250) {
    for (const { peer, parts } of search.next(now)) {
      for (const part of parts) {
        asked.push([peer, part]);
        const version = versions[peer];
        if (version === undefined || version === null || info !== null) continue;
        const news = search.arrived(peer, answer(part, version));
        liars.push(...news.liars);
        info = news.info;
      }
    }
  }
  return { info: info as Uint8Array | null, liars, asked };
}

test('one peer is enough', () => {
  const { info, liars, asked } = fetch([INFO]);
  assert.ok(info !== null && INFO.equals(info));
  assert.deepEqual([liars, asked.length], [[], PARTS]);
});

test('parts are spread over peers, each asked of at most three', () => {
  const search = new MetadataFetch(HASH);
  for (let peer = 0; peer < 10; peer++) search.offered(peerIndex(peer), INFO.length);
  const asks = search.next(0);
  for (let part = 0; part < PARTS; part++)
    assert.equal(asks.filter(({ parts }) => parts.includes(part)).length, 3, `part ${part}`);
  assert.ok(asks.length >= 3);
  assert.deepEqual(search.next(100), [], 'nothing more before an answer or a time-out');
});

test('silent peers are passed over after five seconds', () => {
  const { info } = fetch([null, null, null, INFO]);
  assert.ok(info !== null && INFO.equals(info));
});

test('a liar by itself is convicted by the hash', () => {
  const { info, liars } = fetch([spoilt(1)]);
  assert.deepEqual([info, liars], [null, [0]]);
});

test('among several, exactly the liars are convicted, and nobody is believed without the hash', () => {
  for (const at of [0, 1, 2, 3, 4]) {
    const versions: Uint8Array[] = Array.from({ length: 5 }, () => INFO);
    versions[at] = spoilt(at % PARTS);
    const { info, liars } = fetch(versions);
    assert.ok(info !== null && INFO.equals(info));
    assert.ok(
      liars.every((liar) => liar === at),
      `${liars} where ${at} lied`,
    );
  }
});

test('the size that most peers name comes first; a wrong one leads nowhere', () => {
  const { info, asked } = fetch([Buffer.alloc(9), INFO, INFO]);
  assert.ok(info !== null && INFO.equals(info));
  assert.ok(asked.every(([peer]) => peer !== 0));
  const outvoted = fetch([Buffer.alloc(9, 1), Buffer.alloc(9, 2), INFO]);
  assert.ok(outvoted.info !== null && INFO.equals(outvoted.info));
  assert.deepEqual([...new Set(outvoted.liars)].sort(), [0, 1]);
});

test('who refuses, answers with the wrong length or size, or was not asked, counts for nothing', () => {
  const search = new MetadataFetch(HASH);
  const peer = peerIndex(0);
  search.offered(peer, INFO.length);
  assert.equal(search.arrived(peer, answer(0)).info, null, 'not asked');
  search.next(0);
  search.arrived(peer, { index: 0, totalBytes: INFO.length, bytes: null });
  assert.equal(search.offers, 0, 'refused');
  search.offered(peer, INFO.length);
  search.next(0);
  search.arrived(peer, { index: 3, totalBytes: INFO.length, bytes: partOf(INFO, 0) });
  assert.equal(search.offers, 0, 'the wrong length');
});

test('silent peers have no vote: one that names a wrong size and says nothing more starves nobody', () => {
  const search = new MetadataFetch(HASH);
  for (const peer of [0, 1]) search.offered(peerIndex(peer), 9);
  search.offered(peerIndex(2), INFO.length);
  const asked = new Set<number>();
  for (let now = 0; now < 20_000; now += 250) for (const { peer } of search.next(now)) asked.add(peer);
  assert.ok(asked.has(2));
});

test('what an honest peer sent beside a liar is asked of it again once the liar is gone', () => {
  const search = new MetadataFetch(
    createHash('sha1')
      .update(INFO.subarray(0, 2 * PART))
      .digest(),
  );
  const two = INFO.subarray(0, 2 * PART);
  const bad = Buffer.alloc(2 * PART, 1);
  const [liar, honest] = [peerIndex(0), peerIndex(1)];
  search.offered(liar, two.length);
  search.offered(honest, two.length);
  search.next(0);
  search.arrived(liar, answer(0, bad));
  search.arrived(honest, answer(0, two));
  assert.deepEqual(search.arrived(liar, answer(1, bad)).liars, [liar]);
  search.arrived(honest, answer(1, two));
  let info: Uint8Array | null = null;
  for (const { peer, parts } of search.next(250))
    for (const part of parts) info = search.arrived(peer, answer(part, two)).info ?? info;
  assert.ok(info !== null && two.equals(info as Uint8Array));
});
