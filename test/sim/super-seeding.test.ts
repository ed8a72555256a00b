/** Super-seeding (BEP 16), in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK, GivingShard, leech } from '../support/leech.ts';
import { wire } from '../support/wire-bytes.ts';

const offered = ({ heard }: ReturnType<typeof leech>) =>
  heard.filter(({ id }) => id === 4).map(({ piece }) => piece);

test('super-seeding: each peer is offered one piece, and the next one when another peer has it (BEP 16)', async () => {
  const [one, other] = [leech(), leech()];
  const giving = new GivingShard({ given: { superSeed: true } }, [one, other]);
  await giving.run(600);
  assert.deepEqual([one.heard[0]?.id, other.heard[0]?.id], [15, 15], 'it says that it has nothing');
  const [first] = offered(one);
  const [second] = offered(other);
  assert.deepEqual([offered(one).length, offered(other).length], [1, 1]);
  assert.notEqual(first, second);
  giving.choose([0, 1]);
  giving.fakes[0]?.say(
    Buffer.concat([wire.request(first as number, 0, BLOCK), wire.request(second as number, 0, BLOCK)]),
  );
  await giving.run(200);
  assert.deepEqual(
    one.blocks().map(({ piece }) => piece),
    [first],
  );
  assert.deepEqual(
    one.rejects().map(({ piece }) => piece),
    [second],
    'it was not offered to this peer',
  );
  giving.fakes[0]?.say(wire.have(first as number));
  await giving.run(1_000);
  assert.equal(offered(one).length, 1, 'nobody else has it');
  giving.fakes[1]?.say(wire.have(first as number));
  await giving.run(300);
  assert.equal(offered(one).length, 2);
  assert.equal(offered(other).length, 1, 'its own piece is not passed on');
  giving.fakes[1]?.say(wire.have(second as number));
  await giving.run(16_000, 50);
  assert.equal(offered(other).length, 2, 'after a while it does not wait for others');
});

test('a peer that is alone gets piece after piece, without a wait', async () => {
  const one = leech();
  const giving = new GivingShard({ given: { superSeed: true } }, [one]);
  await giving.run(600);
  for (let piece = 0; piece < 8; piece++) {
    const offers = one.heard.filter(({ id }) => id === 4);
    assert.equal(offers.length, piece + 1);
    giving.fakes[0]?.say(wire.have(offers.at(-1)?.piece ?? 0));
    await giving.run(300);
  }
});

test('a peer that does not want the piece gets another offer; one that waits for its place, or is getting it, does not', async () => {
  const [choosy, waiting, getting] = [leech(), leech(), leech()];
  const giving = new GivingShard({ given: { superSeed: true } }, [choosy, waiting, getting]);
  await giving.run(600);
  giving.choose([0, 2]);
  giving.fakes[0]?.say(wire.notInterested);
  giving.fakes[2]?.say(wire.request(offered(getting)[0] as number, 0, BLOCK));
  await giving.run(14_000, 50);
  assert.deepEqual(
    [choosy, waiting, getting].map((one) => offered(one).length),
    [1, 1, 1],
  );
  await giving.run(17_000, 50);
  assert.deepEqual(
    [choosy, waiting, getting].map((one) => offered(one).length),
    [3, 1, 1],
  );
  assert.equal(new Set(offered(choosy)).size, 3);
  // It has its place, and still requests nothing.
  giving.choose([1]);
  await giving.run(14_000, 50);
  assert.equal(offered(waiting).length, 1);
  await giving.run(2_000, 50);
  assert.equal(offered(waiting).length, 2);
});

test('what we lack is not offered, and what others have comes last', async () => {
  const [one, other] = [leech(), leech([], { has: '11100000' })];
  // Four of eight pieces are right.
  const giving = new GivingShard({ verified: 4, given: { superSeed: true } }, [one, other]);
  await giving.run(600);
  giving.choose([0, 1]);
  assert.deepEqual(offered(other), [3]);
  for (let round = 0; round < 6; round++) {
    giving.fakes[0]?.say(wire.have(offered(one).at(-1) as number));
    await giving.run(16_000, 50);
  }
  assert.deepEqual([...offered(one)].sort(), [0, 1, 2, 3]);
});
