/** Web seeds in virtual time that fail in the middle: each failure is seen as one, waited for, and reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, right } from '../support/virtual-http.ts';
import { play } from '../support/virtual-web-seeds.ts';

const PIECE = 32_768;
const file = (name: string, pieces: number) => ({ names: [name], length: pieces * PIECE });

test('a server whose whole file ends too early loses the file, and is not asked for it again and again', async () => {
  const older: Answer = (_, content) => ({ status: 200, body: content.subarray(0, 5 * PIECE + 10) });
  await play({ files: [file('a', 40)], servers: [older] }, 60_000, (web) => {
    assert.equal(web.verified, 5, 'what it has is used');
    assert.deepEqual(web.lostFiles, [[0, 0, 'its file is shorter than the torrent says']]);
    assert.ok(web.asked.length <= 6, `${web.asked.length} requests`);
  });
});

test('a whole file whose connection always breaks at the same byte is requested less and less often', async () => {
  const cut: Answer = (_, content) => ({
    status: 200,
    headers: { 'content-length': String(content.length) },
    body: content,
    breaksAfter: 5 * PIECE + 10,
  });
  await play({ files: [file('a', 40)], servers: [cut] }, 60_000, (web) => {
    assert.equal(web.verified, 5);
    assert.deepEqual(
      web.waits.map(({ reason }) => reason),
      ['broken'],
    );
    assert.ok(web.asked.length > 5 && web.asked.length <= 12, `${web.asked.length} requests`);
  });
});

test('a server that asks for a wait after it gave a part is not asked before', async () => {
  const files = [
    { names: ['a'], length: PIECE / 2 },
    { names: ['b'], length: PIECE / 2 },
  ];
  const busy: Answer = (asked, content) =>
    asked.path === 'b' && asked.at < 29_000
      ? { status: 503, headers: { 'retry-after': '30' } }
      : right(asked, content);
  await play({ files, servers: [busy] }, 60_000, (web, endedAt) => {
    assert.equal(web.asked.filter(({ path, at }) => path === 'b' && at < 30_000).length, 1);
    assert.equal(web.waits.length, 1);
    assert.ok(endedAt < 31_000, `complete after ${endedAt} ms`);
  });
});
