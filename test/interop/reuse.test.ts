/**
 * `--reuse` with a real seed that counts what it sent, and with real file systems that can clone files: shared extents and free space
 * say what was cloned.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentSeed, libtorrentTorrent, makeTorrent } from '../support/seeds.ts';
import { withStarted } from '../support/started.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 65_536;
const MIB = 2 ** 20;
const isRoot = process.getuid?.() === 0;

const data = join(folder, 'data');
const set = join(data, 'set');
const old = join(folder, 'old');
for (const path of [set, join(set, 'sub'), old, join(old, 'sub')]) mkdirSync(path, { recursive: true });
const FILES: Readonly<Record<string, number>> = {
  'a.img': 100 * PIECE,
  'b.bin': 9_000,
  'sub/c.img': 30 * PIECE + 77,
};
for (const [path, length] of Object.entries(FILES)) {
  const bytes = randomBytes(length);
  writeFileSync(join(set, path), bytes);
  // The old version: two pieces of a are others, and c was shorter.
  if (path === 'a.img') for (const at of [10, 70]) bytes.fill(0, at * PIECE, at * PIECE + 20);
  writeFileSync(join(old, path), path === 'sub/c.img' ? bytes.subarray(0, 20 * PIECE) : bytes);
}
const SIZE = Object.values(FILES).reduce((sum, length) => sum + length, 0);
const TORRENTS: Readonly<Record<string, string>> = Object.fromEntries(
  ['v1', 'v2', 'hybrid'].map((version) => [version, join(folder, `${version}.torrent`)]),
);
for (const [version, torrent] of Object.entries(TORRENTS)) {
  if (version === 'v1') makeTorrent(set, torrent, 16);
  else libtorrentTorrent(set, torrent, version as 'v2' | 'hybrid', PIECE);
}

describe('an old version, and the rest from libtorrent', () => {
  for (const [version, torrent] of Object.entries(TORRENTS))
    for (const source of [torrent, magnetLink(loadTorrent(torrent))])
      test(`${version}, ${source === torrent ? 'a file' : 'a link'}: it sends what is new, and nothing else`, () =>
        withStarted(async (keep) => {
          const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder }));
          const output = join(folder, `${version} ${source.length}`);
          const more = ['--peer', seed.address, '--reuse', old, '--json'];
          const run = await runCli('get', source, '-o', output, ...more);
          assert.equal(run.status, 0, run.stderr);
          assert.deepEqual(contentOf(join(output, 'set')), contentOf(set));
          const complete = run.events.find(({ type }) => type === 'complete');
          const downloaded = Number(complete?.['downloaded']);
          assert.equal(Number(complete?.['reused']) + downloaded, SIZE);
          // The changed pieces and the end of c, with what shares a piece with them in version 1.
          assert.ok(downloaded >= 12 * PIECE + 77 && downloaded <= 15 * PIECE, String(downloaded));
          const given = (await seed.givenBytes?.()) ?? 0;
          assert.ok(
            given >= downloaded && given <= downloaded + PIECE,
            `${given} given, ${downloaded} needed`,
          );
        }));
});

function system(program: string, ...args: string[]): string {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, `${program} ${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

/** A file system of its own in a file, for the time of the tests. */
function mounted(kind: 'xfs' | 'btrfs' | 'ext4', name = kind as string): string {
  const [image, path] = [join(folder, `${name}.img`), join(folder, `on ${name}`)];
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, 512 * MIB);
  system(`mkfs.${kind}`, '-q', image);
  system('mount', '-o', 'loop', image, path);
  after(() => system('umount', path));
  return path;
}

/** Free bytes when all is on the disk. */
function freeBytes(path: string): number {
  system('sync', '-f', path);
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

const isShared = (path: string): boolean => /\bshared\b/.test(system('filefrag', '-v', path));

/** One file of 64 MiB of which a piece is new, and its old version on the file system. */
function largeFile(place: string) {
  const bytes = randomBytes(64 * MIB);
  const made = join(folder, 'large', 'large.img');
  mkdirSync(join(folder, 'large'), { recursive: true });
  writeFileSync(made, bytes);
  const torrent = join(folder, 'large.torrent');
  libtorrentTorrent(made, torrent, 'hybrid', 4 * PIECE);
  const before = join(place, 'before');
  mkdirSync(before);
  const source = join(before, 'large-1.0.img');
  copyFileSync(made, source);
  bytes.fill(0, 5 * MIB, 5 * MIB + 10);
  writeFileSync(source, bytes);
  chmodSync(source, 0o400);
  return { torrent, before, source, made };
}

const ONLY_ROOT = { skip: isRoot ? false : 'needs root to mount a file system' };

describe('files are cloned where the file system can do it', ONLY_ROOT, () => {
  for (const [kind, canClone] of [
    ['xfs', true],
    ['btrfs', true],
    ['ext4', false],
  ] as const)
    test(`${kind}: ${canClone ? 'a clone takes no space' : 'a copy takes its space'}, and the old version stays`, async () => {
      const place = mounted(kind);
      const { torrent, before, source, made } = largeFile(place);
      const kept = contentOf(before);
      await withStarted(async (keep) => {
        const seed = await keep(libtorrentSeed({ torrent, folder: join(folder, 'large'), scratch: folder }));
        const free = freeBytes(place);
        const more = ['--peer', seed.address, '--reuse', before, '--json'];
        const run = await runCli('get', torrent, '-o', join(place, 'out'), ...more);
        assert.equal(run.status, 0, run.stderr);
        const result = join(place, 'out/large.img');
        const complete = run.events.find(({ type }) => type === 'complete');
        assert.deepEqual([complete?.['reused'], complete?.['downloaded']], [64 * MIB - 4 * PIECE, 4 * PIECE]);
        const taken = free - freeBytes(place);
        assert.deepEqual([isShared(result), taken < 8 * MIB], [canClone, canClone], `${taken} bytes taken`);
        assert.ok(readFileSync(result).equals(readFileSync(made)));
        assert.deepEqual(contentOf(before), kept);
        assert.equal(
          statSync(result).mode & 0o777,
          0o666 & ~process.umask(),
          'its permissions are those of our files',
        );
        assert.equal(statSync(source).mode & 0o777, 0o400);
        // A clone reserves no space.
        const full = await runCli(
          'get',
          torrent,
          '-o',
          join(place, 'full'),
          '--preallocate',
          'full',
          ...more,
        );
        assert.equal(full.status, 0, full.stderr);
        assert.equal(isShared(join(place, 'full/large.img')), false);
      });
    });

  test('a clone of a selected file: the hashes at its edges are known, and nothing is fetched', async () => {
    const place = mounted('xfs', 'xfs edges');
    const { v1: torrent = '' } = TORRENTS;
    const selected = ['--select', 'sub/c.img', '--json'];
    await withStarted(async (keep) => {
      const seed = await keep(libtorrentSeed({ torrent, folder: data, scratch: folder }));
      const more = [...selected, '--peer', seed.address];
      const first = await runCli('get', torrent, '-o', join(place, 'first'), ...more);
      assert.equal(first.status, 0, first.stderr);
    });
    // Nobody sends anything.
    const again = [...selected, '--no-trackers', '--reuse', join(place, 'first')];
    const second = await runCli('get', torrent, '-o', join(place, 'second'), ...again);
    assert.equal(second.status, 0, second.stderr);
    const result = join(place, 'second/set/sub/c.img');
    assert.ok(isShared(result), 'it was cloned');
    assert.ok(readFileSync(result).equals(readFileSync(join(set, 'sub/c.img'))));
  });

  test('killed right after a clone, before anything says so: the next run, without the folder, takes it as its own', async () => {
    const place = mounted('xfs', 'xfs again');
    const { torrent, before } = largeFile(place);
    const output = join(place, 'killed');
    // The permissions of the clone are set at once: there the process is killed.
    const hook = join(folder, 'kill.mjs');
    writeFileSync(
      hook,
      `import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
fs.fchmodSync = () => process.kill(process.pid, 'SIGKILL');
syncBuiltinESMExports();
`,
    );
    const options = `NODE_OPTIONS=--import=${pathToFileURL(hook)}`;
    const killed = await startCli(
      ['get', torrent, '-o', output, '--reuse', before, '--no-trackers'],
      ['env', options],
    ).ended;
    assert.equal(killed.signal, 'SIGKILL', `the fault fired: ${killed.stderr}`);
    const result = join(output, 'large.img');
    assert.ok(isShared(result), 'it was cloned');
    assert.equal(existsSync(join(output, 'large.img.unchoke')), false, 'no journal says so');
    await withStarted(async (keep) => {
      const seed = await keep(libtorrentSeed({ torrent, folder: join(folder, 'large'), scratch: folder }));
      const run = await runCli('get', torrent, '-o', output, '--peer', seed.address, '--json');
      assert.equal(run.status, 0, run.stderr);
      const summary = run.events.findLast(({ type }) => type === 'summary');
      assert.deepEqual([summary?.['found'], summary?.['reused']], [64 * MIB - 4 * PIECE, 0]);
      assert.ok(readFileSync(result).equals(readFileSync(join(folder, 'large/large.img'))));
    });
  });
});
