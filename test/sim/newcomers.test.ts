/** A newcomer gets its allowed-fast set (BEP 6) before anybody unchokes it, in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK, GivingShard, type Leech, leech } from '../support/leech.ts';
import { wire } from '../support/wire-bytes.ts';

const SEED = { pieces: 40, verified: 40 };
const allowedOf = ({ heard }: Leech) => heard.filter(({ id }) => id === 17).map(({ piece }) => piece);

test('a choked newcomer gets the pieces of its set, and no others', async () => {
  const seconds = Array.from({ length: 40 }, (_, piece) => wire.request(piece, BLOCK, BLOCK));
  const one = leech([], { says: [[500, Buffer.concat(seconds)]] });
  const giving = new GivingShard(SEED, [one]);
  await giving.run(400);
  const allowed = allowedOf(one);
  assert.equal(allowed.length, 5);
  assert.deepEqual(
    one.blocks().map(({ piece }) => piece),
    allowed,
  );
  await giving.run(400);
  assert.deepEqual([one.blocks().length, one.rejects().length], [10, 35]);
  assert.equal(giving.contenders?.peers[0]?.unchoked, false);
});

test('each byte of the set is given twice, then rejected', async () => {
  const one = leech();
  const giving = new GivingShard(SEED, [one]);
  await giving.run(200);
  const [piece = 0] = allowedOf(one);
  // The whole set has ten blocks, and the first five are given.
  for (let i = 0; i < 20; i++) giving.fakes[0]?.say(wire.request(piece, 0, BLOCK));
  await giving.run(200);
  assert.deepEqual([one.blocks().length, one.rejects().length], [20, 5]);
});

test('a peer with five pieces is no newcomer, at first and later', async () => {
  const settled = leech([], { has: '11111'.padEnd(40, '0') });
  const becomes = leech();
  const giving = new GivingShard(SEED, [settled, becomes]);
  await giving.run(200);
  assert.deepEqual([settled.heard[0]?.id, allowedOf(settled)], [14, []], 'it hears of our pieces only');
  const [piece = 0] = allowedOf(becomes);
  giving.fakes[1]?.say(Buffer.concat([0, 1, 2, 3, 4].map(wire.have)));
  giving.fakes[1]?.say(wire.request(piece, BLOCK, BLOCK));
  await giving.run(200);
  assert.deepEqual([becomes.blocks().length, becomes.rejects().length], [5, 1]);
});

test('no set for a peer without rejects, and none with super-seeding', async () => {
  const old = leech([], { fast: false, has: '0'.repeat(40) });
  const giving = new GivingShard(SEED, [old]);
  await giving.run(200);
  assert.deepEqual([old.heard[0]?.id, allowedOf(old)], [5, []]);
  const offered = leech();
  const superSeed = new GivingShard({ ...SEED, given: { superSeed: true } }, [offered]);
  await superSeed.run(2_000);
  assert.deepEqual([offered.heard.some(({ id }) => id === 4), allowedOf(offered)], [true, []]);
});

test('a choke keeps what was requested of the set', async () => {
  const one = leech();
  // One block a second: some wait at the choke.
  const giving = new GivingShard({ ...SEED, uploadLimit: BLOCK }, [one]);
  await giving.run(100);
  giving.choose([0]);
  await giving.run(200);
  assert.ok(one.blocks().length < 5);
  giving.choose([], [0]);
  await giving.run(8_000);
  assert.equal(one.heard.filter(({ id }) => id === 0).length, 1, 'a choke');
  assert.deepEqual([one.blocks().length, one.rejects().length], [5, 0]);
});
