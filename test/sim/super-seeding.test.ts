/** Super-seeding (BEP 16), in virtual time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK, GivingShard, leech } from '../support/leech.ts';
import { wire } from '../support/wire-bytes.ts';

test('super-seeding: each peer is offered one piece, and the next one when another peer has it (BEP 16)', async () => {
  const offered = ({ heard }: ReturnType<typeof leech>) =>
    heard.filter(({ id }) => id === 4).map(({ piece }) => piece);
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
