/** Real sockets, real threads: one liar among honest seeds. The file is right, and only the liar is banned. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { ourSeed } from '../support/our-seed.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { torrentOfParts, version2Parts } from '../support/version2-torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const HONEST = 5;

for (const [name, pieceLength, memory] of [
  ['pieces of their own', 65_536, '64M'],
  ['shared pieces, where slots are scarce', 1_048_576, '2M'],
] as const) {
  test(`one block in 50 flipped by one of ${HONEST + 1}: ${name}`, async () => {
    const bytes = randomBytes(24 * 2 ** 20);
    const made = madeTorrent([{ path: 'data.bin', bytes }], pieceLength);
    const torrent = writeTo(folder, `${pieceLength}.torrent`, made.torrent);
    const honest = await Promise.all(
      Array.from({ length: HONEST }, (_, i) => torrentSeed(made, `127.0.2.${i + 1}`, { delayMs: 3 })),
    );
    const liar = await torrentSeed(made, '127.0.3.1', { lieEvery: 50, delayMs: 3 });
    const output = join(folder, `out-${pieceLength}`);
    const peers = [liar, ...honest].flatMap(({ address }) => ['--peer', address]);
    const run = await runCli(
      'get',
      torrent,
      '-o',
      output,
      '--no-trackers',
      '--memory',
      memory,
      '--json',
      ...peers,
    );
    await Promise.all([liar, ...honest].map((seed) => seed.close()));
    assert.equal(run.status, 0, run.stderr);
    assert.ok(readFileSync(join(output, 'set', 'data.bin')).equals(bytes));
    assert.ok(liar.lies > 0, 'the fault fired');
    assert.ok(run.events.some(({ type }) => type === 'piece-failed'));
    const banned = run.events.filter(({ type }) => type === 'peer-banned').map(({ peer }) => peer);
    assert.deepEqual(banned, [liar.address]);
    const { lost } = run.events.at(-1) as unknown as { lost: { code: string; count: number }[] };
    assert.deepEqual(lost.map(({ code, count }) => `${code} ${count}`).sort(), [
      'bad-data 1',
      `stopped ${HONEST}`,
    ]);
  });
}

test('version 2: another peer says what the blocks of a bad piece hash to; only the bad ones are fetched again', async () => {
  const pieceLength = 1_048_576;
  const bytes = randomBytes(24 * 2 ** 20);
  const file = { name: 'data.bin', bytes };
  const torrent = writeTo(folder, 'v2.torrent', torrentOfParts(version2Parts([file], pieceLength)));
  const { infoHash } = loadTorrent(torrent);
  const made = { torrent: readFileSync(torrent), infoHash: Buffer.from(infoHash), data: bytes, pieceLength };
  const place = join(folder, 'known');
  mkdirSync(place);
  writeFileSync(join(place, 'data.bin'), bytes);
  const knowing = await ourSeed(torrent, place, '--no-trackers', '--upload-limit', '4M');
  const honest = await Promise.all(
    Array.from({ length: HONEST }, (_, i) => torrentSeed(made, `127.0.4.${i + 1}`, { delayMs: 3 })),
  );
  const liar = await torrentSeed(made, '127.0.5.1', { lieEvery: 50, delayMs: 3 });
  const output = join(folder, 'out-v2');
  const addresses = [`127.0.0.1:${knowing.port}`, ...[liar, ...honest].map(({ address }) => address)];
  const peers = addresses.flatMap((address) => ['--peer', address]);
  const run = await runCli('get', torrent, '-o', output, '--no-trackers', '--json', ...peers);
  await Promise.all([liar, ...honest].map((seed) => seed.close()));
  assert.equal((await knowing.stop()).status, 0);
  assert.equal(run.status, 0, run.stderr);
  assert.ok(readFileSync(join(output, 'data.bin')).equals(bytes));
  assert.ok(liar.lies > 0, 'the fault fired');
  const failed = run.events.filter(({ type }) => type === 'piece-failed').map(({ piece }) => piece);
  assert.ok(failed.length > 0 && new Set(failed).size === failed.length, 'no piece fails twice');
  const banned = run.events.filter(({ type }) => type === 'peer-banned').map(({ peer }) => peer);
  assert.deepEqual(banned, [liar.address]);
  const { wastedBytes } = run.events.at(-1) as unknown as { wastedBytes: number };
  assert.ok(wastedBytes < pieceLength, `${wastedBytes} bytes for ${liar.lies} bad blocks`);
});
