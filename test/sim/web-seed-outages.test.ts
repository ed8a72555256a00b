/** Unreachable web seeds in virtual time: when each is tried again, and what changes when the network is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, right } from '../support/virtual-http.ts';
import { play } from '../support/virtual-web-seeds.ts';

const file = (name: string, pieces: number) => ({ names: [name], length: pieces * 32_768 });

test('a server that cannot be reached is tried after 2, 4, 8 … 60 seconds, without end', async () => {
  const away: Answer = (asked, content) => (asked.at < 400_000 ? 'refused' : right(asked, content));
  await play({ files: [file('a', 4)], servers: [away] }, 600_000, (web, endedAt) => {
    assert.ok(endedAt < 461_000, `complete after ${endedAt} ms`);
    const seconds = [...new Set(web.asked.map(({ at }) => Math.floor(at / 1_000)))];
    assert.deepEqual(seconds.slice(0, 7), [0, 2, 6, 14, 30, 62, 122]);
  });
});

test('when the network is back, the first server that answers brings the others back', async () => {
  const away: Answer = (asked, content) =>
    asked.at < 63_000 ? 'refused' : { ...right(asked, content), rate: 50_000 };
  let n = 0;
  // Out of step with the other: it is asked at 5, 9, 17, 33 and 65 s, and the other at 2, 6, 14, 30, 62 and 122 s.
  const busyFirst: Answer = (asked, content) =>
    n++ < 3 ? { status: 503, headers: { 'retry-after': '5' } } : away(asked, content);
  await play({ files: [file('a', 200)], servers: [busyFirst, away] }, 90_000, (web) => {
    const [first = 0] = web.asked
      .filter(({ url, at }) => url.includes('s1') && at > 63_000)
      .map(({ at }) => at);
    assert.ok(first > 64_000 && first < 67_000, `asked at ${first} ms`);
  });
});

test('the news that the network is back helps unreachable servers, not those that asked for a wait', async () => {
  const away: Answer = (asked, content) =>
    asked.at < 70_000 ? 'refused' : { ...right(asked, content), rate: 20_000 };
  const busy: Answer = () => ({ status: 503, headers: { 'retry-after': '50' } });
  await play({ files: [file('a', 40)], servers: [away, busy] }, 80_000, async (web) => {
    const asked = (server: string) => web.asked.filter(({ url }) => url.includes(server)).length;
    assert.deepEqual([asked('s0'), asked('s1')], [8, 4], 'the next tries come at 122 and 100 s');
    web.networkBack();
    await web.run(200);
    assert.deepEqual([asked('s0') > 8, asked('s1')], [true, 4]);
    assert.ok((await web.run(70_000)) < 70_000, 'complete before the next try');
  });
});

test('a server that takes one request a second also sends pieces of two files: half of a block that arrived is kept', async () => {
  let next = 0;
  let refused = 0;
  const strict: Answer = (asked, content) => {
    if (asked.at < next) {
      refused += 1;
      return { status: 503 };
    }
    next = asked.at + 1_000;
    return right(asked, content);
  };
  // Every piece but the first begins in one file and ends in the next, in the middle of a block.
  const files = ['a', 'b', 'c', 'd'].map((name) => ({ names: [name], length: 30_000 }));
  await play({ files, servers: [strict] }, 120_000, (web, endedAt) => {
    assert.ok(refused > 0, 'the fault fired');
    assert.ok(endedAt < 60_000, `complete after ${endedAt} ms`);
    assert.equal(web.lostFiles.length, 0);
  });
});
