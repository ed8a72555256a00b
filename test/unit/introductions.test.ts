/** Main's part of holepunching (BEP 55): which peer it asks, what it lets shards dial, and how it finds a peer on other shards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Introductions } from '../../src/main/race/introductions.ts';
import { unheard } from '../../src/main/race/outcomes.ts';
import { PeerList } from '../../src/main/race/peer-list.ts';
import type { HolepunchCommand } from '../../src/shared/holepunch.ts';
import { type PeerIndex, shardId } from '../../src/shared/indices.ts';
import {
  INTRODUCTION_AGAIN_MS,
  MAX_INTRODUCTION_TRIES,
  MAX_OPEN_INTRODUCTIONS,
  PUNCH_AGAIN_MS,
  PUNCHES_PER_S,
} from '../../src/shared/limits.ts';
import type { PeerOutcome } from '../../src/shared/messages.ts';

const TARGET = { host: '9.9.9.9', port: 6_881 };
const named = { ...TARGET, punchable: true };

function setUp(shards = 3) {
  const peers = new PeerList();
  const [relay, other, target] = peers
    .add([{ host: '8.8.8.1', port: 1 }, { host: '8.8.8.2', port: 2 }, TARGET], 'tracker')
    .map(({ peer }) => peer) as [PeerIndex, PeerIndex, PeerIndex];
  const told: (readonly [to: PeerIndex | string, HolepunchCommand])[] = [];
  let now = 1_000_000;
  const introductions = new Introductions(
    peers,
    {
      size: shards,
      send: (position, command) => told.push([`shard ${position}`, command as HolepunchCommand]),
    },
    (peer, command) => told.push([peer, command]),
    () => now,
  );
  const lost = (peer: PeerIndex, stage: 'dialing' | 'choked'): PeerOutcome => ({
    ...unheard(peer, shardId(1), 'queued', now),
    reason: { stage, code: 'connect-timeout' },
    retryInMs: 10_000,
  });
  const wait = (ms: number): void => {
    now += ms;
  };
  const take = () => told.splice(0);
  return { introductions, peers, relay, other, target, lost, wait, take };
}

const ask = (introducer: PeerIndex) => [
  introducer,
  { type: 'ask-introduction', peer: introducer, target: TARGET },
];

test('a peer that named the address is asked when the dial has no answer, and only then', () => {
  const { introductions, relay, target, take } = setUp();
  introductions.told(relay, [named]);
  assert.deepEqual(take(), []);
  introductions.hear(0, { type: 'unanswered', peer: target });
  assert.deepEqual(take(), [ask(relay)]);
  introductions.hear(0, { type: 'unanswered', peer: target });
  assert.deepEqual(take(), [], 'not again at once');
});

test('the peer that names it later is asked at once, whether the dial goes on or has failed', () => {
  const one = setUp();
  one.introductions.told(one.relay, [{ ...named, punchable: false }]);
  one.introductions.hear(0, { type: 'unanswered', peer: one.target });
  one.introductions.told(one.relay, [named]);
  assert.deepEqual(one.take(), [], 'main knew of nobody to ask when the dial was missed');
  one.peers.settle(one.lost(one.target, 'dialing'));
  one.introductions.told(one.relay, [named]);
  assert.deepEqual(one.take(), [ask(one.relay)]);
});

test('a peer that refuses is not asked again, the next one is; a peer that left is not asked', () => {
  const { introductions, relay, other, target, lost, take } = setUp();
  introductions.told(relay, [named]);
  introductions.told(other, [named]);
  introductions.hear(0, { type: 'unanswered', peer: target });
  assert.deepEqual(take(), [ask(other)], 'the newest first');
  introductions.hear(0, { type: 'not-introduced', peer: other, target: TARGET });
  assert.deepEqual(take(), [ask(relay)]);
  introductions.hear(0, { type: 'not-introduced', peer: other, target: TARGET });
  introductions.closed(lost(relay, 'choked'));
  introductions.hear(0, { type: 'not-introduced', peer: relay, target: TARGET });
  assert.deepEqual(take(), []);
});

test('the tries are limited', () => {
  const { introductions, relay, target, lost, wait, take } = setUp();
  introductions.told(relay, [named]);
  for (let i = 0; i < 3 * MAX_INTRODUCTION_TRIES; i++) {
    wait(INTRODUCTION_AGAIN_MS);
    introductions.closed(lost(target, 'dialing'));
  }
  assert.equal(take().length, MAX_INTRODUCTION_TRIES);
});

test('a peer that came through a hole is not asked for, and is called so', () => {
  const { introductions, relay, target, lost, wait, take } = setUp();
  const incoming = { peer: 9_000_000 as PeerIndex, ...TARGET };
  assert.equal(introductions.accepted(incoming, false), false, 'nobody was asked for it');
  introductions.told(relay, [named]);
  introductions.hear(0, { type: 'unanswered', peer: target });
  assert.equal(introductions.accepted(incoming, false), true);
  take();
  wait(INTRODUCTION_AGAIN_MS);
  introductions.closed(lost(target, 'dialing'));
  assert.deepEqual(take(), []);
  introductions.closed({ ...lost(target, 'choked'), peer: incoming.peer });
  introductions.closed(lost(target, 'dialing'));
  assert.deepEqual(take(), [ask(relay)]);
});

test('relays make us dial an address once in a while, few in a second, and none that is banned', () => {
  const { introductions, peers, relay, other, wait, take } = setUp();
  const asked = (address: { host: string; port: number }) =>
    introductions.hear(0, { type: 'punch-asked', peer: relay, address });
  asked(TARGET);
  asked(TARGET);
  assert.deepEqual(take(), [[relay, { type: 'punch', address: TARGET }]]);
  wait(PUNCH_AGAIN_MS);
  asked(TARGET);
  assert.equal(take().length, 1);
  wait(1_000);
  for (let i = 0; i < 100; i++) asked({ host: `7.7.7.${i}`, port: 6_881 });
  assert.equal(take().length, PUNCHES_PER_S);
  wait(1_000);
  peers.ban(other);
  asked({ host: '8.8.8.2', port: 7_777 });
  assert.deepEqual(take(), []);
});

test('the other shards look for a peer; the first that has it ends the search, or all that do not', () => {
  const { introductions, relay, take } = setUp();
  const initiator = { host: '8.8.8.1', port: 1 };
  const search = () =>
    introductions.hear(1, { type: 'introduction-asked', peer: relay, initiator, target: TARGET });
  const answer = (position: number, request: number, kind: 'not-connected' | 'no-support' | 'sent') =>
    introductions.hear(position, {
      type: 'introduced',
      request,
      result: kind === 'sent' ? { kind, address: TARGET } : { kind },
    });
  const introduce = (request: number) => ({ type: 'introduce', request, initiator, target: TARGET });
  const result = (kind: string, rest = {}) => [
    relay,
    { type: 'introduction', peer: relay, target: TARGET, result: { kind, ...rest } },
  ];
  search();
  assert.deepEqual(take(), [
    ['shard 0', introduce(0)],
    ['shard 2', introduce(0)],
  ]);
  answer(2, 0, 'sent');
  assert.deepEqual(take(), [result('sent', { address: TARGET })]);
  answer(0, 0, 'not-connected');
  assert.deepEqual(take(), [], 'it has its answer');
  search();
  take();
  answer(0, 1, 'no-support');
  assert.deepEqual(take(), []);
  answer(2, 1, 'not-connected');
  assert.deepEqual(take(), [result('no-support')]);
  search();
  take();
  answer(0, 2, 'not-connected');
  introductions.replaced(2);
  assert.deepEqual(take(), [result('not-connected')], 'the other shard died');
});

test('with one shard, or too many searches, the peer is not connected', () => {
  const one = setUp(1);
  const event = { type: 'introduction-asked', initiator: TARGET, target: TARGET } as const;
  one.introductions.hear(0, { ...event, peer: one.relay });
  assert.deepEqual(
    one.take().map(([to, { type }]) => [to, type]),
    [[one.relay, 'introduction']],
  );
  const many = setUp(2);
  for (let i = 0; i <= MAX_OPEN_INTRODUCTIONS; i++)
    many.introductions.hear(0, { ...event, peer: many.relay });
  const types = many.take().map(([, { type }]) => type);
  assert.equal(types.filter((type) => type === 'introduce').length, MAX_OPEN_INTRODUCTIONS);
  assert.equal(types.at(-1), 'introduction');
});

test('a torrent that turns out to be private drops its punched peers', () => {
  const { peers } = setUp();
  const address = (peer: number) => ({ peer: peer as PeerIndex, host: '9.9.9.1', port: peer });
  peers.accept(address(9_000_000), true);
  peers.accept(address(9_000_001));
  assert.deepEqual(
    peers.becamePrivate().map(({ peer, source }) => [peer, source]),
    [[9_000_000, 'holepunch']],
  );
});
