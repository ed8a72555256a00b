/** Who may request blocks from us. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chooseable, choose } from '../../src/main/upload/choker.ts';
import { placesFor, UploadPlaces } from '../../src/main/upload/upload-places.ts';
import { type GivingTorrent, UploadSlots } from '../../src/main/upload/upload-slots.ts';
import type { PeerIndex } from '../../src/shared/indices.ts';
import {
  FIRST_UPLOAD_PLACES,
  RECHOKE_MS,
  REFILL_MS,
  SEED_TURN_BYTES,
  SEED_TURN_MS,
  SLOW_SEED_TURN_MS,
} from '../../src/shared/limits.ts';
import { VirtualTime } from '../support/virtual-time.ts';

interface Named extends Chooseable {
  readonly name: string;
}

const NOW = 1_000_000;

function one(name: string, change: Partial<Chooseable> = {}): Named {
  const nothing = {
    gaveRate: 0,
    gotRate: 0,
    gotBytes: 0,
    gotAtUnchoke: 0,
    unchokedSince: null,
    chokedAt: null,
    isIdle: false,
  };
  return { name, wants: true, ...nothing, ...change };
}

const names = (chosen: Set<Named>): string[] => [...chosen].map(({ name }) => name).sort();
const trade = (traders: readonly Named[], places: number) =>
  names(choose({ traders, leeches: [] }, places, NOW));
const seed = (leeches: readonly Named[], places: number) =>
  names(choose({ traders: [], leeches }, places, NOW));

test('those that gave most have the places but one, which is for a new one', () => {
  const givers = [1, 2, 3, 4, 5].map((rate) => one(`g${rate}`, { gaveRate: rate, chokedAt: NOW - 1 }));
  assert.deepEqual(trade([...givers, one('new')], 4), ['g3', 'g4', 'g5', 'new']);
});

test('who does not want data has no place, whatever it gave', () => {
  assert.deepEqual(trade([one('full', { gaveRate: 9, wants: false }), one('a')], 4), ['a']);
});

test('a peer keeps its try for half a minute; then it is the turn of the one that waits longest', () => {
  const trying = one('trying', { unchokedSince: NOW - 29_000 });
  const tried = one('tried', { unchokedSince: NOW - 30_000 });
  const early = one('early', { chokedAt: NOW - 50_000 });
  const late = one('late', { chokedAt: NOW - 10_000 });
  const never = one('never');
  assert.deepEqual(trade([trying, late, early, never], 1), ['trying']);
  assert.deepEqual(trade([tried, late, early, never], 1), ['never']);
  assert.deepEqual(trade([tried, late, early], 1), ['early']);
  assert.deepEqual(trade([tried], 1), ['tried'], 'nobody waits: it stays');
});

test('free places go to all that want data', () => {
  assert.deepEqual(trade([one('a'), one('b'), one('c')], 8), ['a', 'b', 'c']);
});

test('a seed gives each its part, in time and in bytes, before the next', () => {
  const since = NOW - SEED_TURN_MS;
  const begun = one('begun', { unchokedSince: since, gotBytes: SEED_TURN_BYTES - 1 });
  const fast = one('fast', { unchokedSince: since, gotBytes: SEED_TURN_BYTES, gotRate: 9 });
  const slow = one('slow', { unchokedSince: since, gotBytes: SEED_TURN_BYTES, gotRate: 1 });
  const waits = one('waits');
  assert.deepEqual(seed([begun, fast, slow, waits], 2), ['begun', 'waits']);
  assert.deepEqual(seed([begun, fast, slow], 2), ['begun', 'fast']);
  const crawling = one('crawling', { unchokedSince: NOW - SLOW_SEED_TURN_MS, gotBytes: 1 });
  assert.deepEqual(seed([crawling, waits], 1), ['waits']);
  assert.deepEqual(seed([{ ...crawling, unchokedSince: NOW - SLOW_SEED_TURN_MS + 1 }, waits], 1), [
    'crawling',
  ]);
});

test('who takes nothing gives its place to one that waits, and keeps it if nobody does', () => {
  const idle = one('idle', { unchokedSince: NOW - 6_000, isIdle: true });
  const begun = one('begun', { unchokedSince: NOW - 6_000 });
  assert.deepEqual(seed([idle, begun, one('waits')], 2), ['begun', 'waits']);
  assert.deepEqual(trade([idle, one('waits')], 1), ['waits']);
  assert.deepEqual(seed([idle, begun], 2), ['begun', 'idle']);
});

test('beside a download, seeds have the places that are left, and one at least', () => {
  const traders = [1, 2, 3, 4, 5].map((rate) => one(`t${rate}`, { gaveRate: rate }));
  assert.deepEqual(names(choose({ traders, leeches: [one('l')] }, 4, NOW)), ['l', 't1', 't4', 't5']);
  assert.equal(choose({ traders: [], leeches: [one('l'), one('m')] }, 4, NOW).size, 2);
});

test('more places on a faster uplink', () => {
  assert.deepEqual(
    [0, 64, 400, 4_096, 102_400, 1_048_576].map((kib) => placesFor(kib * 1_024)),
    [4, 8, 20, 64, 400, 2_000],
  );
});

test('without a limit many places at first, then as the uplink is, and more while it is not full', () => {
  const places = new UploadPlaces(0);
  assert.equal(places.now, 64);
  const full = { bytesPerS: 400 * 1_024, served: 64, owed: 64, waiting: 10 };
  for (let second = 0; second < 5; second++) places.look(full);
  assert.equal(places.now, 20);
  // The peers are slow, not we: they have got all that they requested.
  for (let second = 0; second < 5; second++) places.look({ ...full, served: 20, owed: 1 });
  assert.equal(places.now, 35);
  for (let second = 0; second < 60; second++) places.look({ ...full, served: 35, owed: 35 });
  assert.equal(places.now, 20);
  assert.equal(new UploadPlaces(400 * 1_024).now, 20);
});

test('a limit is used up while most peers that are served wait for us', () => {
  const [limited, free] = [new UploadPlaces(65_536), new UploadPlaces(0)];
  const busy = { bytesPerS: 65_536, served: 4, owed: 4, waiting: 3 };
  for (const places of [limited, free]) places.look(busy);
  assert.equal(limited.isLimitUsedUp, false, 'not yet');
  for (const places of [limited, free]) for (let second = 0; second < 2; second++) places.look(busy);
  assert.deepEqual([limited.isLimitUsedUp, free.isLimitUsedUp], [true, false]);
  limited.look({ ...busy, owed: 1 });
  assert.equal(limited.isLimitUsedUp, false, 'the peers are slow, not we');
});

function slotsIn(time: VirtualTime, limit: number) {
  const told: string[] = [];
  const every = (ms: number, work: () => void): (() => void) => {
    let isOver = false;
    time.every(ms, () => isOver || work());
    return () => {
      isOver = true;
    };
  };
  const later = (ms: number, work: () => void): (() => void) => {
    let isOver = false;
    time.after(ms, () => isOver || work());
    return () => {
      isOver = true;
    };
  };
  const slots = new UploadSlots(limit, { now: time.now, every, later });
  const torrent: GivingTorrent = {
    complete: () => false,
    choose: (unchoke, choke) => told.push(`+${unchoke.join()} -${choke.join()}`),
  };
  return { slots, told, torrent: slots.enter(torrent) };
}

const contender = (peer: number, gaveBytes = 0, unchoked = false) =>
  ({
    peer: peer as PeerIndex,
    wants: true,
    unchoked,
    gaveBytes,
    gotBytes: 0,
    isIdle: false,
    isOwed: false,
  }) as const;

test('a peer that begins to want data is unchoked at once while a place is free, and each round decides anew', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 16_384);
  for (let peer = 0; peer < 5; peer++) torrent.heard([contender(peer)]);
  assert.deepEqual(told, ['+0 -', '+1 -', '+2 -', '+3 -'], 'four places');
  // The last one gives; the first four do not.
  for (let second = 1; second <= 31; second++) {
    time.run(1_000);
    torrent.heard([0, 1, 2, 3, 4].map((peer) => contender(peer, peer === 4 ? second * 10_000 : 0, peer < 4)));
  }
  time.run(RECHOKE_MS);
  assert.match(told.slice(4).join(), /\+4 -/);
  torrent.gone([0, 1, 2, 3, 4].map((peer) => ({ peer: peer as PeerIndex, sentBytes: 0 })));
  time.run(2_000);
});

test('a peer that takes nothing does not keep another out until the next round', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 16_384);
  for (let peer = 0; peer < 5; peer++) torrent.heard([contender(peer)]);
  time.run(1_000);
  const reported = [0, 1, 2, 3, 4].map((peer) => ({ ...contender(peer, 0, peer < 4), isIdle: peer === 2 }));
  torrent.heard(reported);
  assert.deepEqual(told.slice(4), ['+4 -'], 'four others have places, and it keeps its own so far');
});

test('a peer that leaves makes room at once, and its bytes still count', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 0);
  const served = Array.from({ length: FIRST_UPLOAD_PLACES }, (_, peer) => peer as PeerIndex);
  torrent.heard(served.map((peer) => contender(peer)));
  for (let peer = 64; peer < 300; peer++) torrent.heard([contender(peer)]);
  assert.equal(told.length, 1, 'the others wait');
  time.run(500);
  // They were fast: nobody has reported a byte of theirs.
  torrent.gone(served.map((peer) => ({ peer, sentBytes: 2 ** 20 })));
  time.run(REFILL_MS);
  assert.equal(told.length, 2);
  assert.equal(told[1]?.split(' ')[0]?.split(',').length, FIRST_UPLOAD_PLACES);
  time.run(1_000);
  // 64 MiB in a second are 256 places; 64 are taken.
  assert.equal(told[2]?.split(' ')[0]?.split(',').length, 300 - 2 * FIRST_UPLOAD_PLACES);
});

test('a peer whose thread died gives its place back', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 16_384);
  for (let peer = 0; peer < 5; peer++) torrent.heard([contender(peer)]);
  for (let second = 0; second < 12; second++) {
    time.run(1_000);
    torrent.heard([contender(4)]);
  }
  assert.equal(told.at(-1), '+4 -');
});

test('a peer that is unchoked when main hears of it again has its place', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 16_384);
  torrent.heard([contender(0, 0, true)]);
  torrent.heard([contender(1)]);
  assert.deepEqual(told, ['+1 -']);
});

test('a peer that wants nothing for a moment does not go before those that wait', () => {
  const time = new VirtualTime();
  const { told, torrent } = slotsIn(time, 16_384);
  for (let peer = 0; peer < 6; peer++) torrent.heard([contender(peer)]);
  const all = [0, 1, 2, 3, 4, 5].map((peer) => contender(peer, 0, peer < 4));
  for (let second = 1; second <= 31; second++) {
    time.run(1_000);
    torrent.heard(all);
  }
  assert.equal(told.at(-1), '+4,5 -2,3', 'two had their turn');
  torrent.heard([{ ...contender(2), wants: false }]);
  torrent.heard([contender(2)]);
  told.length = 0;
  for (const peer of [0, 1]) {
    torrent.gone([{ peer: peer as PeerIndex, sentBytes: 0 }]);
    time.run(REFILL_MS);
  }
  assert.deepEqual(told, ['+3 -', '+2 -']);
});
