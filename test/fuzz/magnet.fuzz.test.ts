/** Tampered magnet links and metadata messages, and searches for metadata among peers of every kind. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Failure } from '../../src/main/failure.ts';
import { MetadataFetch } from '../../src/main/metadata/metadata-fetch.ts';
import { mainHash } from '../../src/main/torrent/info-hash.ts';
import { parseMagnet } from '../../src/main/torrent/magnet.ts';
import { type PeerIndex, peerIndex } from '../../src/shared/indices.ts';
import { decodeMetadataMessage } from '../../src/workers/wire/metadata-message.ts';
import { dice, mutated } from '../support/dice.ts';

const ROUNDS = 4_000;
const HEX = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';

test('tampered magnet links are bad torrents, or give values within the limits', () => {
  const sound = Buffer.from(
    `magnet:?xt=urn:btih:${HEX}&dn=a+b&tr.1=udp://t:1&x.pe=1.2.3.4:5&x.pe=[::1]:7&so=0,2-4&ws=http://w/%20`,
  );
  let read = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const link = `magnet:?${mutated(sound, dice(seed)).toString('utf8').slice(8)}`;
    try {
      const { hashes, peers, select, trackers, webSeeds } = parseMagnet(link);
      read += 1;
      assert.equal(mainHash(hashes).length, 20);
      assert.ok(peers.every(({ host, port }) => host !== '' && port > 0 && port < 65_536));
      assert.ok(select.every((range) => /^\d+(-\d+)?$/.test(range)));
      assert.ok([...trackers, ...webSeeds].every((url) => URL.canParse(url)));
    } catch (error) {
      assert.ok(error instanceof Failure && error.exitStatus === 3, `seed ${seed}: ${String(error)}`);
    }
  }
  assert.ok(read > ROUNDS / 3, `${read} were readable`);
});

test('tampered metadata messages are read or refused', () => {
  const sound = Buffer.from(`d8:msg_typei1e5:piecei0e10:total_sizei34256eexxxxxxxx`);
  let data = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const message = decodeMetadataMessage(mutated(sound, dice(seed)));
    if (message?.kind !== 'data') continue;
    data += 1;
    assert.ok(message.part >= 0 && Number.isSafeInteger(message.totalBytes));
  }
  assert.ok(data > 50, `${data} were data`);
});

const PART = 16_384;
const INFO = Buffer.alloc(2 * PART + 100, 'metadata');
const HASH = createHash('sha1').update(INFO).digest();
const HABITS = [
  'silent',
  'rejects',
  'wrong size',
  'wrong length',
  'lies',
  'no size',
  'leaves',
  'corrects',
  'rejects at first',
] as const;
type Habit = (typeof HABITS)[number] | 'honest';

/** The size in a peer's greeting. */
function namedSize(habit: Habit, roll: (below: number) => number): number {
  if (habit === 'no size') return 0;
  return habit === 'wrong size' || habit === 'corrects' ? 1 + roll(3 * PART) : INFO.length;
}

function answerOf(habit: Habit, index: number, now: number) {
  const bytes = Uint8Array.from(INFO.subarray(index * PART, (index + 1) * PART));
  if (habit === 'lies') bytes[0] = 0;
  const late = habit === 'rejects at first' && now < 20_000;
  if (habit === 'rejects' || habit === 'wrong size' || late) return { index, totalBytes: 0, bytes: null };
  if (habit === 'wrong length') return { index, totalBytes: INFO.length, bytes: new Uint8Array(7) };
  return { index, totalBytes: INFO.length, bytes };
}

/** Peers with random behaviour beside one honest peer that appears at a random time. Returns how long it took from then on. */
function searchBeside(seed: number): number | null {
  const roll = dice(seed);
  const habits: Habit[] = Array.from({ length: 1 + roll(12) }, () => HABITS[roll(HABITS.length)] ?? 'silent');
  const honestAt = roll(120) * 250;
  const honest = habits.push('honest') - 1;
  const search = new MetadataFetch({ v1: HASH, v2: null });
  const gone = new Set<PeerIndex>();
  let info: Uint8Array | null = null;
  const ask = (peer: PeerIndex, part: number, now: number): void => {
    const habit = habits[peer] ?? 'silent';
    if (habit === 'silent' || gone.has(peer) || info !== null) return;
    if (habit === 'leaves') return search.gone(peer, now);
    const news = search.arrived(peer, answerOf(habit, part, now), now);
    for (const liar of news.liars) {
      assert.equal(habits[liar], 'lies', `seed ${seed}`);
      gone.add(liar);
    }
    info = news.info;
  };
  for (let now = 0; now < honestAt + 300_000; now += 250) {
    for (const [i, habit] of habits.entries())
      if (now === (i === honest ? honestAt : 0))
        search.offered(peerIndex(i), namedSize(habit, roll), { shared: now, lived: now });
    for (const { peer, parts } of search.next(now)) for (const part of parts) ask(peer, part, now);
    if (info !== null) return Math.max(0, now - honestAt);
  }
  return null;
}

test('beside peers of every kind, one honest peer is enough within 30 s, and no honest peer is blamed', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const took = searchBeside(seed);
    assert.ok(took !== null && took <= 30_000, `seed ${seed}: ${took}`);
  }
});
