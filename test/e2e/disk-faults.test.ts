/** Real trouble with real disks: full, read-only, limited, taken away. Clear words, exit status 5, and nothing lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, withSwarm, writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;
const root = process.getuid?.() === 0;

function system(program: string, ...args: string[]): void {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, `${program} ${args.join(' ')}: ${ran.stderr}`);
}

/** Its own file system, so that it can be full without harm. */
function smallDisk(name: string, size: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  system('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path);
  after(() => system('umount', path));
  return path;
}

test(
  'a disk that fills up: exit 5 with the path; verified data is kept, and the download resumes when there is space',
  { skip: root ? false : 'needs root to mount a small disk' },
  () =>
    withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 12 * MIB }, async (torrent) => {
      const disk = smallDisk('full', '6M');
      const run = await runCli('get', torrent, '-o', disk, '--json');
      assert.equal(run.status, 5, run.stderr);
      assert.match(run.stderr, /full\/swarm-1.bin: no space left on the disk \(ENOSPC\)/);
      assert.doesNotMatch(run.stderr, /why: (?!our threads)/, 'no peer is to blame');
      system('mount', '-o', 'remount,size=32M', disk);
      const next = await runCli('get', torrent, '-o', disk, '--json');
      assert.equal(next.status, 0, next.stderr);
      assert.ok(Number(next.events.at(-1)?.['found']) > 2 * MIB, 'what fitted was not downloaded again');
      assertPayload(torrent, join(disk, 'swarm-1.bin'));
    }),
);

test(
  'a read-only disk: exit 5 with the path, at once',
  { skip: root ? false : 'needs root to mount a small disk' },
  () =>
    withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
      const disk = smallDisk('read-only', '6M');
      system('mount', '-o', 'remount,ro', disk);
      const run = await runCli('get', torrent, '-o', join(disk, 'sub'));
      assert.deepEqual(
        [run.status, /the disk is read-only \(EROFS\)/.test(run.stderr)],
        [5, true],
        run.stderr,
      );
    }),
);

test('a limit on file size: exit 5, and it resumes without the limit', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 4 * MIB }, async (torrent) => {
    const output = join(folder, 'limited');
    const run = await startCli(
      ['get', torrent, '-o', output],
      ['bash', '-c', 'ulimit -f 2048; exec "$@"', 'limited'],
    ).ended;
    assert.deepEqual(
      [run.status, /swarm-1.bin: the file is larger than this file system allows \(EFBIG\)/.test(run.stderr)],
      [5, true],
      run.stderr,
    );
    assert.equal((await runCli('get', torrent, '-o', output)).status, 0);
    assertPayload(torrent, join(output, 'swarm-1.bin'));
  }));

test('no permission to write: exit 5 with the path', () =>
  withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    const output = join(folder, 'forbidden');
    mkdirSync(output, { mode: 0o555 });
    // Root may write anywhere, unless it drops that capability.
    const asMortal = root ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
    const run = await startCli(['get', torrent, '-o', output], asMortal).ended;
    assert.deepEqual(
      [run.status, /forbidden\/swarm-1.bin: no permission \(EACCES\)/.test(run.stderr)],
      [5, true],
      run.stderr,
    );
  }));

test('the file is removed during the run: never called complete', () =>
  withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: 4 * MIB, rate: MIB }, async (torrent) => {
    const output = join(folder, 'removed');
    const running = startCli(['get', torrent, '-o', output, '--json']);
    await running.line(
      (line) => line.startsWith('{"type":"progress"') && (JSON.parse(line) as { pieces: number }).pieces > 2,
    );
    rmSync(join(output, 'swarm-1.bin'));
    const run = await running.ended;
    assert.deepEqual(
      [run.status, /swarm-1.bin: was removed during the download/.test(run.stderr)],
      [5, true],
      run.stderr,
    );
    assert.equal((await runCli('get', torrent, '-o', output)).status, 0);
    assertPayload(torrent, join(output, 'swarm-1.bin'));
  }));

test('64 file descriptors are enough, for 40 peers and 200 files', async () => {
  const files = Array.from({ length: 200 }, (_, i) => ({ path: `f${i}`, bytes: randomBytes(5_000 + i) }));
  const made = madeTorrent(files, 16_384);
  const torrent = writeTo(folder, 'many.torrent', made.torrent);
  const seeds = await Promise.all(
    Array.from({ length: 40 }, (_, i) => torrentSeed(made, `127.0.1.${i + 1}`)),
  );
  const output = join(folder, 'descriptors');
  const peers = seeds.flatMap(({ address }) => ['--peer', address]);
  const limited = ['bash', '-c', 'ulimit -n 64; exec "$@"', 'limited'];
  const run = await startCli(
    ['get', torrent, '-o', output, '--no-trackers', '--dial-rate', '0', ...peers],
    limited,
  ).ended;
  await Promise.all(seeds.map((seed) => seed.close()));
  assert.equal(run.status, 0, run.stderr);
  for (const { path, bytes } of files) assert.ok(readFileSync(join(output, 'set', path)).equals(bytes), path);
});
