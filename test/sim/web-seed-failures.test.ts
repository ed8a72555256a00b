/** Web seeds in virtual time that fail in the middle: each failure is seen as one, waited for, and reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpError } from '../../src/shared/http-visitor.ts';
import { type Answer, notThere, right } from '../support/virtual-http.ts';
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

test('main hears at once that a lost file is asked for again, and that it is lost again', async () => {
  const never: Answer = (asked, content) =>
    asked.at < 300_000 ? notThere(asked, content) : { ...right(asked, content), rate: 100 };
  await play({ files: [file('a', 2)], servers: [never] }, 599_000, (web) => {
    assert.deepEqual([...web.lostSeeds], [[0, 'HTTP status 404']]);
  });
  await play({ files: [file('a', 2)], servers: [never] }, 605_000, (web) => {
    assert.ok(
      web.asked.some(({ at }) => at > 590_000) && web.verified === 0,
      'it sends, but no piece is whole',
    );
    assert.deepEqual([...web.lostSeeds], [[0, null]]);
    const ofFile = web.events.flatMap((event) => (event.type === 'file-lost' ? [event.reason] : []));
    assert.deepEqual(ofFile, ['HTTP status 404', null]);
  });
  await play({ files: [file('a', 2)], servers: [notThere] }, 605_000, (web) => {
    assert.deepEqual(web.lostFiles, [
      [0, 0, 'HTTP status 404'],
      [0, 0, 'HTTP status 404'],
    ]);
  });
});

test('main hears at once that a server with an unknown name sends after all', async () => {
  const unknown: Answer = (asked, content) => {
    if (asked.at < 10_000) throw new HttpError('getaddrinfo ENOTFOUND s0.test');
    return { ...right(asked, content), rate: 100 };
  };
  await play({ files: [file('a', 2)], servers: [unknown] }, 9_000, (web) => {
    assert.deepEqual([...web.lostSeeds], [[0, 'getaddrinfo ENOTFOUND s0.test']]);
  });
  await play({ files: [file('a', 2)], servers: [unknown] }, 20_000, (web) => {
    assert.deepEqual([...web.lostSeeds], [[0, null]]);
    assert.equal(web.verified, 0, 'no piece is whole');
  });
});
