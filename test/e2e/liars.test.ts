/** Real sockets, real threads: one liar among honest seeds. The file is right, and only the liar is banned. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

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
