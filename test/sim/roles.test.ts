/** Peers that hold blocks without sending them, in each role of their shard: they delay nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakePeerScript, seedScript } from '../support/fake-peer.ts';
import { payload } from '../support/payload.ts';
import { honest } from '../support/personas.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';
import { BLOCK, completesAt, crawler, falling, ONE_PIECE } from '../support/virtual-shards.ts';

test('forty very slow peers beside one that sends 2 MB/s: done 4 s later than with the good one alone', () => {
  const peers = [...Array.from({ length: 40 }, () => crawler()), honest(2_000_000, 10)];
  const scripts = peers.map((peer, i) =>
    i < 40 ? { ...peer, script: seedScript(INFO_HASH, 64, 10) } : peer,
  );
  const { ms, fakes } = completesAt([scripts], { pieces: 64, pieceLength: 8 * BLOCK, slots: 64 }, 60_000);
  assert.ok(ms < (64 * 8 * BLOCK) / 2_000 + 4_000, `${ms} ms`);
  assert.ok((fakes[0]?.filter(({ heard }) => heard.includes(6)).length ?? 0) > 20, 'the fault fired');
});

for (const [name, shards] of [
  ['the owner crawls, a good peer of its own shard', (good: FakePeerScript) => [[crawler(15), good]]],
  ['the owner crawls, a good peer of the guest', (good: FakePeerScript) => [[crawler(15)], [good]]],
  [
    'the guest crawls, a good peer of the owner',
    (good: FakePeerScript) => [[falling(15), good], [crawler()]],
  ],
  [
    'the guest crawls, a good peer of the guest',
    (good: FakePeerScript) => [[falling(15)], [crawler(), good]],
  ],
  [
    'owner and guest crawl, a good peer of a third',
    (good: FakePeerScript) => [[crawler(15)], [crawler()], [good]],
  ],
] as const) {
  test(`${name}, which comes after 4 s: done by second 12`, () => {
    const good: FakePeerScript = {
      connect: 4_000,
      script: seedScript(INFO_HASH, 1, 10),
      delayMs: 5,
      serves: payload,
    };
    const { ms, fakes } = completesAt(shards(good), ONE_PIECE, 20_000);
    assert.ok(ms > 4_000 && ms < 12_000, `${ms} ms`);
    const goodOne = fakes
      .flat()
      .find(({ requests, dials }) => dials === 1 && requests.length > 0 && requests.length < 16);
    assert.ok(goodOne, 'it was asked for what was left');
  });
}
