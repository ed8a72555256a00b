/** Padding (BEP 47) that fills whole pieces: it is zeros, so it is right without anybody, and nobody is asked for it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type MadeTorrent, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const BLOCK = 16_384;
const PIECE = 2 * BLOCK;
const [A, B] = [randomBytes(100), randomBytes(PIECE + 100)];
/** One block of `a`, the rest of its piece and a whole piece of padding, and three blocks of `b`. `fill`: the byte of the whole piece. */
function padded(fill: number): MadeTorrent {
  const padding = Buffer.concat([Buffer.alloc(PIECE - A.length), Buffer.alloc(PIECE, fill)]);
  return madeTorrent(
    [
      { path: 'a', bytes: A },
      { path: '.pad/1', bytes: padding, padding: true },
      { path: 'b', bytes: B },
    ],
    PIECE,
  );
}

const ZEROS = padded(0);
const TORRENT = join(folder, 'padded.torrent');
writeFileSync(TORRENT, ZEROS.torrent);

async function fetched(output: string, more: readonly string[], made = ZEROS) {
  writeFileSync(TORRENT, made.torrent);
  const seed = await torrentSeed(made, '127.0.0.31', { lacks: 1 });
  try {
    const run = await runCli('get', TORRENT, '-o', output, '--peer', seed.address, '--json', ...more);
    return { run, served: seed.served };
  } finally {
    await seed.close();
  }
}

test('the piece is not fetched, also where no peer has it', async () => {
  const output = join(folder, 'out');
  const { run, served } = await fetched(output, []);
  assert.equal(run.status, 0, run.stderr);
  assert.equal(served, 4);
  assert.deepEqual([readFileSync(join(output, 'set', 'a')), readFileSync(join(output, 'set', 'b'))], [A, B]);
  assert.equal((await runCli('verify', TORRENT, output)).status, 0);
});

test('its hash says that it is not zeros: no file needs it, so the download is complete without it, as with libtorrent', async () => {
  const output = join(folder, 'not zeros');
  const { run, served } = await fetched(output, [], padded(1));
  assert.equal(run.status, 0, run.stderr);
  assert.equal(served, 4);
  assert.deepEqual(readFileSync(join(output, 'set', 'b')), B);
});

test('it is no part of a selection, and is there when the rest is fetched', async () => {
  const output = join(folder, 'selected');
  const first = await fetched(output, ['--select', 'a']);
  assert.equal(first.run.status, 0, first.run.stderr);
  const rest = await fetched(output, []);
  assert.equal(rest.run.status, 0, rest.run.stderr);
  assert.deepEqual([first.served, rest.served], [1, 3]);
});

test('share has all pieces, also when the record of the first start vouches for them', async () => {
  const data = join(folder, 'data');
  mkdirSync(join(data, 'set'), { recursive: true });
  writeFileSync(join(data, 'set', 'a'), A);
  writeFileSync(join(data, 'set', 'b'), B);
  for (const hashed of [3, 0]) {
    const share = startCli(['share', TORRENT, '--data', data, '--no-trackers', '--no-nat', '--json']);
    const line = await share.line((text) => text.includes('"type":"sharing"'));
    const { pieces, goodPieces, hashedPieces } = JSON.parse(line) as Record<string, number>;
    share.child.kill('SIGTERM');
    await share.ended;
    assert.deepEqual([pieces, goodPieces, hashedPieces], [4, 4, hashed]);
  }
});
