/** `--select` and what comes after it: an interruption, the same selection again. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;

/** Each file but the first begins inside a piece of another one. */
const files: MadeFile[] = [
  { path: 'a.bin', bytes: randomBytes(50_000) },
  { path: 'b.bin', bytes: randomBytes(100_000) },
  { path: 'c.bin', bytes: randomBytes(60_000) },
];
const made = madeTorrent(files, PIECE);
const torrent = writeTo(folder, 'set.torrent', made.torrent);

async function get(output: string, ...more: string[]) {
  const seed = await torrentSeed(made, '127.0.0.12');
  try {
    const peer = ['--no-trackers', '--peer', seed.address];
    const run = await runCli('get', torrent, '-o', output, ...peer, '--json', ...more);
    return { run, served: seed.served };
  } finally {
    await seed.close();
  }
}

function assertFile(output: string, name: string): void {
  const { bytes } = files.find(({ path }) => path === name) as MadeFile;
  assert.ok(readFileSync(join(output, 'set', name)).equals(bytes), name);
}

/** The middle file, up to its last piece. */
async function interrupted(output: string): Promise<void> {
  const mute = await torrentSeed(made, '127.0.0.11', { muteAfter: 6 });
  const peer = ['--no-trackers', '--peer', mute.address];
  const args = ['get', torrent, '-o', output, ...peer, '--select', 'b.bin', '--sequential', '--json'];
  const running = startCli(args);
  await running.line((line) => {
    const { type, bytes } = JSON.parse(line) as { type: string; bytes?: number };
    return type === 'progress' && Number(bytes) === 3 * PIECE;
  });
  running.child.kill('SIGINT');
  assert.equal((await running.ended).status, 130);
  await mute.close();
}

test('an interrupted selection: the pieces that came do not come again, at its edge neither', async () => {
  const output = join(folder, 'interrupted');
  await interrupted(output);
  const { run, served } = await get(output, '--select', 'b.bin');
  assert.deepEqual([run.status, served], [0, 2], run.stderr);
  assertFile(output, 'b.bin');
});
