/** `--reuse DIR` when something goes wrong, and what others hear of it: kills, a full disk, pauses, trackers, magnet links. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Session } from '../../src/main/index.ts';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { magnetLink } from '../../src/main/torrent/magnet-link.ts';
import { runCli, startCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { listingTracker } from '../support/listing-tracker.ts';
import { madeVersion, VERSIONS } from '../support/made-versions.ts';
import { ourSeed } from '../support/our-seed.ts';
import { withStarted } from '../support/started.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { madeTorrent, torrentSeed } from '../support/torrent-seed.ts';
import { content, type Made } from '../support/version2-torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;
const PIECE = 65_536;
const BLOCKS = PIECE / 16_384;
const isRoot = process.getuid?.() === 0;

let number = 0;
const fresh = (name: string): string => {
  const path = join(folder, `${name} ${++number}`);
  mkdirSync(path);
  return path;
};

/** One file whose pieces 1 and 5 differ from the old version in `old`. */
function twoVersions(pieces: number, pieceLength = PIECE) {
  const bytes = randomBytes(pieces * pieceLength + 10);
  const before = Buffer.from(bytes);
  for (const piece of [1, 5]) before.fill(0, piece * pieceLength, piece * pieceLength + 100);
  const old = fresh('old');
  // A byte longer, so that it is copied also where the file system could clone it.
  writeFileSync(join(old, 'a.bin'), Buffer.concat([before, Buffer.of(1)]));
  const made = madeTorrent([{ path: 'a.bin', bytes }], pieceLength);
  return { bytes, old, made, torrent: writeTo(folder, `${++number}.torrent`, made.torrent) };
}

test('killed when all was taken and the rest is awaited: the next run, without the folder, has all of it', async () => {
  const { bytes, old, made, torrent } = twoVersions(40);
  const output = fresh('out');
  let begun = (): void => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const slow = await torrentSeed(made, '127.0.0.72', { muteAfter: 1, onMute: () => begun() });
  const args = ['get', torrent, '-o', output, '--no-trackers', '--json'];
  const running = startCli([...args, '--peer', slow.address, '--reuse', old]);
  await hasBegun;
  running.child.kill('SIGKILL');
  assert.equal((await running.ended).signal, 'SIGKILL', 'the fault fired');
  await slow.close();
  const seed = await torrentSeed(made, '127.0.0.73');
  try {
    const next = await runCli(...args, '--peer', seed.address);
    assert.equal(next.status, 0, next.stderr);
    assert.ok(readFileSync(join(output, 'set/a.bin')).equals(bytes));
    assert.equal(seed.served, 2 * BLOCKS);
    assert.equal(next.events.findLast(({ type }) => type === 'summary')?.['found'], bytes.length - 2 * PIECE);
  } finally {
    await seed.close();
  }
});

/** Resolves when there is an entry with this name in the folder. */
async function appeared(path: string, name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher = watch(path, () => {
      if (!existsSync(join(path, name))) return;
      watcher.close();
      resolve();
    });
  });
}

test('killed while pieces are copied: the next run goes on', { timeout: 120_000 }, async () => {
  const { bytes, old, made, torrent } = twoVersions(256, MIB);
  const output = fresh('out');
  const args = ['get', torrent, '-o', output, '--no-trackers', '--json', '--reuse', old];
  // The first journal is written before the first piece.
  const begun = appeared(output, 'set.unchoke');
  const running = startCli(args);
  await begun;
  running.child.kill('SIGKILL');
  assert.equal((await running.ended).signal, 'SIGKILL', 'the fault fired');
  const left = readFileSync(join(output, 'set/a.bin'));
  assert.equal(left.length, bytes.length);
  assert.ok(!left.subarray(6 * MIB).equals(bytes.subarray(6 * MIB)), 'it was killed before its end');
  const seed = await torrentSeed(made, '127.0.0.74');
  try {
    const next = await runCli(...args, '--peer', seed.address);
    assert.equal(next.status, 0, next.stderr);
    assert.ok(readFileSync(join(output, 'set/a.bin')).equals(bytes));
    assert.equal(seed.served, (2 * MIB) / 16_384);
  } finally {
    await seed.close();
  }
});

function system(program: string, ...args: string[]): void {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, `${program} ${args.join(' ')}: ${ran.stderr}`);
}

test('a disk that fills up while pieces are copied: exit 5 with the path, and it goes on when there is space', {
  skip: isRoot ? false : 'needs root to mount a small disk',
}, async () => {
  const { bytes, old, made, torrent } = twoVersions(160);
  const disk = fresh('disk');
  system('mount', '-t', 'tmpfs', '-o', 'size=6M', 'tmpfs', disk);
  after(() => system('umount', disk));
  const args = ['get', torrent, '-o', disk, '--no-trackers', '--json', '--reuse', old];
  const run = await runCli(...args);
  assert.equal(run.status, 5, run.stderr);
  assert.match(run.stderr, /set\/a\.bin: no space left on the disk \(ENOSPC\)/);
  system('mount', '-o', 'remount,size=32M', disk);
  const seed = await torrentSeed(made, '127.0.0.75');
  try {
    const next = await runCli(...args, '--peer', seed.address);
    assert.equal(next.status, 0, next.stderr);
    assert.ok(readFileSync(join(disk, 'set/a.bin')).equals(bytes));
    assert.equal(seed.served, 2 * BLOCKS);
  } finally {
    await seed.close();
  }
});

test('trackers hear what is left, and nothing of it as downloaded', async () => {
  const { old, made, torrent, bytes } = twoVersions(40);
  const tracker = await listingTracker();
  const seed = await torrentSeed(made, '127.0.0.76');
  try {
    const more = ['--tracker', tracker.url, '--peer', seed.address, '--reuse', old];
    const run = await runCli('get', torrent, '-o', fresh('out'), ...more);
    assert.equal(run.status, 0, run.stderr);
    const last = tracker.told.at(-1);
    assert.deepEqual([last?.event, last?.downloaded, last?.left], ['stopped', 2 * PIECE, 0]);
    assert.ok(tracker.told.every(({ left }) => left <= bytes.length));
  } finally {
    await seed.close();
    await tracker.close();
  }
});

test('a magnet link: the folder is searched when the metadata is known, in each version', async () => {
  const files: readonly Made[] = [
    { name: 'a.bin', bytes: content(30 * PIECE + 5, 21) },
    { name: 'b.bin', bytes: content(3 * PIECE, 22) },
  ];
  for (const version of VERSIONS)
    await withStarted(async (keep) => {
      const torrent = writeTo(folder, `${++number}.torrent`, madeVersion(files, PIECE, version).torrent);
      const [data, old, output] = [fresh('data'), fresh('old'), fresh('out')];
      mkdirSync(join(data, 'set'));
      for (const { name, bytes } of files) {
        writeFileSync(join(data, 'set', name), bytes);
        const before = Buffer.from(bytes);
        before[2 * PIECE + 7] = (before[2 * PIECE + 7] ?? 0) ^ 1;
        writeFileSync(join(old, name), before);
      }
      const seed = await keep(ourSeed(torrent, data, '--no-trackers'));
      const link = magnetLink(loadTorrent(torrent));
      const more = ['--no-trackers', '--peer', `127.0.0.1:${seed.port}`, '--reuse', old, '--json'];
      const run = await runCli('get', link, '-o', output, ...more);
      assert.equal(run.status, 0, run.stderr);
      for (const { name, bytes } of files)
        assert.ok(readFileSync(join(output, 'set', name)).equals(bytes), name);
      const complete = run.events.find(({ type }) => type === 'complete');
      // In version 1 the second file begins within a piece, and its change is at another place in its pieces.
      assert.equal(complete?.['downloaded'], 2 * PIECE, version);
      assert.equal(complete?.['reused'], 31 * PIECE + 5, version);
    });
});

test('the library: reuse, its events, results and stats; a pause in the middle ends the search', async () => {
  const { old, made, torrent, bytes } = twoVersions(64, MIB);
  const seed = await torrentSeed(made, '127.0.0.77');
  const [host = '', port = ''] = seed.address.split(':');
  const alone = { dht: false, lsd: false, trackers: false, utp: false, port: null } as const;
  const session = new Session({ ...alone, output: fresh('out') });
  try {
    const peers = [{ host, port: Number(port) }];
    const added = await session.add(torrent, { reuse: [old], peers });
    const looked = new Promise<void>((resolve) => {
      added.on((event) => {
        if (event.type === 'progress' && 'work' in event && event.work === 'looking for known pieces')
          resolve();
      });
    });
    await looked;
    await added.pause();
    const { state, bytes: verified } = added.stats;
    assert.deepEqual([state, verified < bytes.length], ['paused', true]);
    await added.resume();
    const done = await added.completed;
    assert.equal(done.downloaded, 2 * MIB);
    assert.ok(done.reused > 0 && done.reused <= bytes.length - 2 * MIB, String(done.reused));
    assert.equal(added.stats.reused, done.reused);
  } finally {
    await session.close();
    await seed.close();
  }
});

test('the library: a folder that is gone is a failure with the code disk', async () => {
  const { torrent } = twoVersions(10);
  const alone = { dht: false, lsd: false, trackers: false, utp: false, port: null } as const;
  const session = new Session({ ...alone, output: fresh('out') });
  try {
    const added = await session.add(torrent, { reuse: [join(folder, 'nothing')] });
    await assert.rejects(() => added.completed, {
      code: 'disk',
      message: /nothing: there is no such file or folder/,
    });
    await assert.rejects(() => session.add(torrent, { reuse: [''] }), { code: 'usage' });
  } finally {
    await session.close();
  }
});
