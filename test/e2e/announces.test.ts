/** The announces of a run from its beginning to its end. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { httpServer } from '../support/http-server.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const FILES: readonly MadeFile[] = [
  { path: 'a/first.bin', bytes: randomBytes(50_000) },
  { path: 'b/second.bin', bytes: randomBytes(100_000) },
];
const TOTAL = 150_000;
const made = madeTorrent(FILES, 32_768);

function announcing(url: string): string {
  const bytes = Buffer.concat([Buffer.from(`d8:announce${url.length}:${url}`), made.torrent.subarray(1)]);
  return writeTo(folder, 'announcing.torrent', bytes);
}

test('`left` counts the whole torrent, and `completed` is sent only when it is complete', async () => {
  const seed = await torrentSeed(made, '127.0.0.9');
  const port = Buffer.alloc(2);
  port.writeUInt16BE(Number(seed.address.split(':')[1]));
  const reply = Buffer.concat([
    Buffer.from('d8:intervali1800e5:peers6:'),
    Buffer.from([127, 0, 0, 9]),
    port,
    Buffer.from('e\n'),
  ]);
  const tracker = await httpServer(() => ({ body: reply }));
  const torrent = announcing(tracker.announce);
  const heard = async (...more: string[]) => {
    const from = tracker.urls.length;
    const { status, stderr } = await runCli('get', torrent, '-o', join(folder, 'out'), ...more);
    assert.equal(status, 0, stderr);
    const queries = tracker.urls.slice(from).map((url) => new URLSearchParams(url.split('?')[1]));
    return queries.map((query) => [query.get('event'), Number(query.get('left'))]);
  };
  try {
    assert.deepEqual(await heard('--select', 'a/*'), [
      ['started', TOTAL],
      // The piece that both files share is verified, but no byte of the second file is kept.
      ['stopped', TOTAL - 50_000],
    ]);
    const [first, ...rest] = await heard();
    assert.equal(first?.[0], 'started');
    assert.deepEqual(rest, [
      ['completed', 0],
      ['stopped', 0],
    ]);
  } finally {
    await seed.close();
    await tracker.close();
  }
});
