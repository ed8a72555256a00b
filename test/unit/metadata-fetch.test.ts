/** The race for the metadata of a magnet link: which peer to ask for what, and which peer lied. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { MetadataFetch } from '../../src/main/metadata/metadata-fetch.ts';
import { type PeerIndex, peerIndex } from '../../src/shared/indices.ts';

const PART = 16_384;
const INFO = Buffer.alloc(3 * PART + 100, 'metadata');
const HASH = createHash('sha1').update(INFO).digest();
const PARTS = 4;

/** The moment of an offer, where the process was never stopped. */
const at = (ms: number) => ({ shared: ms, lived: ms });
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

/** Peers that answer at once, each with its own version; runs until nothing is left to request. */
function fetch(versions: readonly (Uint8Array | null)[]) {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const liars: PeerIndex[] = [];
  const asked: [PeerIndex, number][] = [];
  let info: Uint8Array | null = null;
  for (const [peer, version] of versions.entries())
    search.offered(peerIndex(peer), version?.length ?? INFO.length, at(0));
  for (let now = 0; now < 60_000 && info === null; now += 250) {
    for (const { peer, parts } of search.next(now)) {
      for (const part of parts) {
        asked.push([peer, part]);
        const version = versions[peer];
        if (version === undefined || version === null || info !== null) continue;
        const news = search.arrived(peer, answer(part, version), now);
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
  const search = new MetadataFetch({ v1: HASH, v2: null });
  for (let peer = 0; peer < 10; peer++) search.offered(peerIndex(peer), INFO.length, at(0));
  const asks = search.next(0);
  for (let part = 0; part < PARTS; part++)
    assert.equal(asks.filter(({ parts }) => parts.includes(part)).length, 3, `part ${part}`);
  assert.ok(asks.length >= 3);
  assert.deepEqual(search.next(100), [], 'nothing more before an answer or a time-out');
});

test('after five seconds others are asked instead of silent peers', () => {
  const { info } = fetch([null, null, null, INFO]);
  assert.ok(info !== null && INFO.equals(info));
});

test('a lone liar is convicted by the hash after it sent wrong metadata three times', () => {
  const { info, liars, asked } = fetch([spoilt(1)]);
  assert.deepEqual([info, liars, asked.length], [null, [0], 3 * PARTS]);
});

test('a lone peer that first sends wrong metadata is asked again after a second, and believed', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  search.offered(peerIndex(0), INFO.length, at(0));
  let version: Uint8Array = spoilt(2);
  const wholes: number[] = [];
  for (let now = 0; now <= 3_000; now += 250)
    for (const { peer, parts } of search.next(now))
      for (const part of parts) {
        const { info, liars } = search.arrived(peer, answer(part, version), now);
        assert.deepEqual(liars, []);
        if (part !== PARTS - 1) continue;
        wholes.push(now);
        assert.equal(info !== null, wholes.length === 2);
        version = INFO;
      }
  assert.equal(wholes[1], 1_000);
});

test('among several, exactly the liars are convicted, and no peer is believed without the hash', () => {
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
  assert.deepEqual(outvoted.liars, []);
});

type Reply = Uint8Array | 'reject' | 'wrong length';

function messageOf(reply: Reply, index: number) {
  if (typeof reply !== 'string') return answer(index, reply);
  return { index, totalBytes: INFO.length, bytes: reply === 'reject' ? null : Buffer.alloc(3) };
}

/**
 * Peers that appear at their times; `replies` says what a peer answers to a part at a time, null for nothing. Runs until the
 * metadata is there; returns the time and the requests.
 */
function scene(
  peers: readonly { readonly bytes?: number; readonly fromMs?: number }[],
  replies: (peer: number, part: number, now: number) => Reply | null,
  untilMs = 300_000,
) {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const asked: (readonly [number, number, number])[] = [];
  let foundAt: number | null = null;
  const ask = (peer: PeerIndex, part: number, now: number): void => {
    asked.push([now, peer, part]);
    const reply = replies(peer, part, now);
    if (reply === null) return;
    if (search.arrived(peer, messageOf(reply, part), now).info !== null) foundAt ??= now;
  };
  for (let now = 0; now <= untilMs && foundAt === null; now += 250) {
    for (const [peer, { bytes = INFO.length, fromMs = 0 }] of peers.entries())
      if (now === fromMs) search.offered(peerIndex(peer), bytes, at(now));
    for (const { peer, parts } of search.next(now)) for (const part of parts) ask(peer, part, now);
  }
  return { foundAt: foundAt as number | null, asked, search };
}

for (const fault of ['reject', 'wrong length'] as const) {
  test(`a ${fault} is no refusal for good: the peer is asked again after 1, 2, 4 … 30 s`, () => {
    const once = scene([{}], (_, part, now) => (part === 1 && now === 0 ? fault : INFO));
    assert.equal(once.foundAt, 1_000);
    const times = scene([{}], (_, part) => (part === 1 ? fault : INFO), 120_000);
    assert.deepEqual(
      times.asked.flatMap(([now, , part]) => (part === 1 ? [now] : [])),
      [0, 1_000, 3_000, 7_000, 15_000, 31_000, 61_000, 91_000],
    );
    const { offers, refusing } = times.search.search;
    assert.deepEqual([offers, refusing], [1, 1], 'and is told as one that refuses');
  });
}

test('a part that one peer refuses comes from another at once', () => {
  const { foundAt } = scene([{}, {}], (peer, part) => (peer === 0 && part < 3 ? 'reject' : INFO));
  assert.equal(foundAt, 0);
});

test('a corrected size counts: in a second greeting, or in the answer itself', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  search.offered(peerIndex(0), 9, at(0));
  search.next(0);
  search.offered(peerIndex(0), INFO.length, at(10));
  assert.deepEqual(search.next(20), [{ peer: 0, parts: [0, 1, 2, 3] }]);
  const { foundAt } = scene([{ bytes: 20 }], () => INFO);
  assert.equal(foundAt, 250);
});

test('a majority that names a wrong size and refuses everything does not starve the one that is right', () => {
  for (const fault of ['reject', 'wrong length', null] as const) {
    const wrong = { bytes: 2 * PART };
    const { foundAt } = scene([wrong, wrong, wrong, {}], (peer) => (peer < 3 ? fault : INFO));
    assert.ok(foundAt !== null && foundAt <= 6_000, `${fault}: ${foundAt}`);
  }
});

test('peers that name no size are asked after a while, if no other peer sends any', () => {
  const { foundAt, asked } = scene([{ bytes: 0 }], (_, __, now) => (now < 40_000 ? 'reject' : INFO));
  assert.deepEqual(
    asked.slice(0, 3).map(([now]) => now),
    [10_000, 11_000, 13_000],
  );
  assert.ok(foundAt !== null && foundAt <= 72_000, String(foundAt));
  const beside = scene([{ bytes: 0 }, { fromMs: 20_000 }], (peer) => (peer === 0 ? null : INFO));
  assert.equal(beside.foundAt, 20_000);
});

test('a peer that closes the connection and returns is asked again, even if the news of its end is late', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  search.offered(peerIndex(0), INFO.length, at(0));
  search.next(0);
  search.gone(peerIndex(0), 5);
  assert.deepEqual([search.search.offers, search.search.left, search.next(10).length], [0, 1, 0]);
  search.offered(peerIndex(0), INFO.length, at(20));
  search.gone(peerIndex(0), 5);
  assert.deepEqual([search.search.offers, search.search.left], [1, 0]);
  assert.equal(search.next(30)[0]?.parts.length, 4);
});

test('a part that comes late, from a slow peer, is used', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const peer = peerIndex(0);
  search.offered(peer, INFO.length, at(0));
  search.next(0);
  search.next(5_000);
  assert.equal(search.search.silent, 1);
  for (let part = 0; part < PARTS - 1; part++) search.arrived(peer, answer(part), 8_000);
  assert.ok(search.arrived(peer, answer(PARTS - 1), 9_000).info !== null);
});

test('after hundreds that refuse, the one that sends is asked', () => {
  const { foundAt } = scene(
    Array.from({ length: 300 }, () => ({})),
    (peer) => (peer < 299 ? 'reject' : INFO),
  );
  assert.ok(foundAt !== null && foundAt <= 30_000, String(foundAt));
});

test('a peer that was not asked does not count', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  search.offered(peerIndex(0), INFO.length, at(0));
  for (let part = 0; part < PARTS; part++)
    assert.equal(search.arrived(peerIndex(0), answer(part), 0).info, null);
});

test('an honest peer that sent parts beside a liar is asked for them again when the metadata was wrong', () => {
  const search = new MetadataFetch({
    v1: createHash('sha1')
      .update(INFO.subarray(0, 2 * PART))
      .digest(),
    v2: null,
  });
  const two = INFO.subarray(0, 2 * PART);
  const bad = Buffer.alloc(2 * PART, 1);
  const [liar, honest] = [peerIndex(0), peerIndex(1)];
  search.offered(liar, two.length, at(0));
  search.offered(honest, two.length, at(0));
  search.next(0);
  search.arrived(liar, answer(0, bad), 0);
  search.arrived(honest, answer(0, two), 0);
  assert.deepEqual(search.arrived(liar, answer(1, bad), 0).liars, [], 'a first wrong whole');
  search.arrived(honest, answer(1, two), 0);
  let info: Uint8Array | null = null;
  for (const { peer, parts } of search.next(250))
    for (const part of parts) info = search.arrived(peer, answer(part, two), 250).info ?? info;
  assert.ok(info !== null && two.equals(info as Uint8Array));
});

test('waits are those of a process that was stopped; which connection is the newer one is not', () => {
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const stoppedMs = 600_000;
  search.offered(peerIndex(0), 0, { shared: stoppedMs, lived: 0 });
  search.gone(peerIndex(0), stoppedMs - 1);
  assert.deepEqual(search.next(9_750), []);
  assert.deepEqual(search.next(10_000), [{ peer: 0, parts: [0] }]);
});
