/** Several torrents on one web-seed thread, in virtual time: what holds for a server holds for all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import { WEB_SEED_CONNECTIONS } from '../../src/shared/limits.ts';
import { type Answer, right } from '../support/virtual-http.ts';
import { VirtualWebSeeds } from '../support/virtual-web-seeds.ts';

const PIECE = 32_768;
const file = (name: string, pieces: number) => ({ names: [name], length: pieces * PIECE });
const paced =
  (rate: number): Answer =>
  (asked, content) => ({ ...right(asked, content), rate });

/** An answer for each file; the torrents have different files. */
const byFile =
  (answers: Readonly<Record<string, Answer>>): Answer =>
  (asked, content) =>
    (answers[asked.path] as Answer)(asked, content);

test('a torrent that comes later gets its share of a server that another keeps busy', async () => {
  const first = new VirtualWebSeeds({ files: [file('a', 400)], servers: [paced(100_000)] });
  let most = 0;
  const watched = async (web: VirtualWebSeeds, ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 50) {
      await web.run(50);
      most = Math.max(most, first.thread.http.openAt('s0.test'));
    }
  };
  try {
    await watched(first, 10_000);
    const before = first.verified;
    const second = new VirtualWebSeeds({ files: [file('b', 400)], servers: [], with: first });
    assert.equal(second.asked.length, 0, 'no web seed of its own');
    const third = new VirtualWebSeeds({ files: [file('c', 400)], servers: [paced(1)], with: second });
    await watched(third, 20_000);
    const [ofFirst, ofThird] = [first.verified - before, third.verified];
    assert.equal(most, WEB_SEED_CONNECTIONS, 'connections at one time, for all torrents');
    assert.ok(ofThird > 15 && ofFirst > 15, `${ofFirst} and ${ofThird} pieces`);
    assert.ok(ofThird < 3 * ofFirst && ofFirst < 3 * ofThird, `${ofFirst} and ${ofThird} pieces`);
    assert.equal(second.verified, 0);
  } finally {
    await first.stop();
  }
});

for (const leaves of [false, true])
  test(`a server that said 503 to one torrent is not asked by the next${leaves ? ', after the first has gone' : ''}`, async () => {
    const busy: Answer = (asked, content) =>
      asked.at < 30_000 ? { status: 503, headers: { 'retry-after': '40' } } : right(asked, content);
    const first = new VirtualWebSeeds({ files: [file('a', 4)], servers: [busy] });
    try {
      await first.run(2_000);
      const asked = first.asked.length;
      assert.ok(asked > 0 && asked <= WEB_SEED_CONNECTIONS, `the fault fired: asked ${asked} times`);
      if (leaves) first.remove();
      await first.run(500);
      const second = new VirtualWebSeeds({ files: [file('b', 4)], servers: [busy], with: first });
      assert.equal(await second.run(35_000), 35_000, 'it gets nothing yet');
      assert.equal(second.asked.length, 0);
      assert.ok((await second.run(60_000)) < 10_000, 'then all of it');
      assert.equal(first.ledger.complete, !leaves);
    } finally {
      await first.stop();
    }
  });

test('a file that is answered with 500 for ever costs its own torrent time, and no other', async () => {
  const broken: Answer = () => ({ status: 500 });
  const server = byFile({ a: broken, b: paced(100_000) });
  const alone = new VirtualWebSeeds({ files: [file('b', 60)], servers: [server] });
  const first = new VirtualWebSeeds({ files: [file('a', 4)], servers: [server] });
  try {
    const aloneMs = await alone.run(60_000);
    await first.run(20_000);
    const second = new VirtualWebSeeds({ files: [file('b', 60)], servers: [server], with: first });
    const before = first.asked.length;
    const besideMs = await second.run(120_000);
    assert.ok(before > 2, 'the fault fired');
    // The wait that the server has when the torrent comes is over first.
    assert.ok(besideMs < aloneMs + 16_000 + 5_000, `${besideMs} ms beside it, ${aloneMs} ms alone`);
    assert.ok(first.asked.length - before < 12, `${first.asked.length - before} requests in vain`);
    assert.equal(first.verified, 0);
  } finally {
    await Promise.all([alone.stop(), first.stop()]);
  }
});

test('a torrent that is removed in the middle gives back all its pieces; the others go on', async () => {
  const server = paced(60_000);
  const first = new VirtualWebSeeds({ files: [file('a', 200)], servers: [server, server], slots: 40 });
  const second = new VirtualWebSeeds({ files: [file('b', 60)], servers: [server], with: first });
  try {
    await second.run(3_050);
    const states = (): number[] =>
      Array.from({ length: 200 }, (_, piece) => first.ledger.stateOf(piece as PieceIndex));
    assert.ok(states().includes(PIECE_STATE.claimed), 'it is in the middle');
    assert.ok(second.verified < 60);
    first.remove();
    await second.run(100);
    assert.equal(first.events.at(-1)?.type, 'removed');
    const [asked, events] = [first.asked.length, first.events.length];
    assert.ok(!states().includes(PIECE_STATE.claimed), 'its claims are given back');
    assert.equal(first.arena.freeCount() + first.arena.parked().length, 40, 'and its slots');
    assert.ok((await second.run(60_000)) < 60_000, 'the other is complete');
    assert.deepEqual([first.asked.length, first.events.length], [asked, events], 'nothing of it is at work');
    assert.equal(first.thread.http.openAt('s1.test'), 0);
  } finally {
    await first.stop();
  }
});

test('a bug in one torrent ends all torrents before main learns of it, and none counts as removed', async () => {
  const first = new VirtualWebSeeds({ files: [file('a', 200)], servers: [paced(60_000)] });
  const second = new VirtualWebSeeds({ files: [file('b', 200)], servers: [paced(60_000)], with: first });
  await second.run(3_050);
  assert.ok(first.verified > 0 && second.verified > 0);
  first.events.push = () => {
    throw new Error('injected bug');
  };
  await second.run(1_000);
  const states = [first, second].flatMap(({ ledger }) =>
    Array.from({ length: 200 }, (_, piece) => ledger.stateOf(piece as PieceIndex)),
  );
  assert.ok(!states.includes(PIECE_STATE.claimed), 'nothing is at work any more');
  assert.ok(!second.events.some(({ type }) => type === 'removed'));
  await assert.rejects(first.stop(), /injected bug/);
});
