/** `unchoke create` against the usual tools: the same input gives the same torrent. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTorrent } from '../../src/main/torrent/load.ts';
import { diskPath } from '../../src/shared/byte-name.ts';
import { CHECK_TASK_BYTES } from '../../src/shared/limits.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { libtorrentLeech } from '../support/leeches.ts';
import { ourSeed } from '../support/our-seed.ts';
import { libtorrentSeed, libtorrentTorrent, makeTorrent } from '../support/seeds.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const single = join(folder, 'single.bin');
writeFileSync(single, randomBytes(1_234_567));
/** The threads hash it in several tasks. */
const long = join(folder, 'long.bin');
writeFileSync(long, randomBytes(3 * CHECK_TASK_BYTES + 12_345));
const many = join(folder, 'many files');
for (const [path, length] of Object.entries({
  'b/two': 70_000,
  'a/one ü': 5,
  'B/upper': 40_000,
  'b.txt': 9,
  empty: 0,
  'b/a/deep': 33_000,
})) {
  mkdirSync(join(many, path, '..'), { recursive: true });
  writeFileSync(join(many, path), randomBytes(length));
}

/** transmission-create 3.00 leaves out empty files and sorts without case. If neither matters, all agree. */
const plain = join(folder, 'plain files');
for (const [path, length] of Object.entries({
  'b/two': 70_000,
  'a/one ü': 5,
  'b.txt': 9,
  'b/a/deep': 33_000,
})) {
  mkdirSync(join(plain, path, '..'), { recursive: true });
  writeFileSync(join(plain, path), randomBytes(length));
}

const hex = (torrent: string): string => Buffer.from(loadTorrent(torrent).infoHash).toString('hex');

for (const [name, source] of [
  ['one file', single],
  ['a long file', long],
  ['a folder', many],
] as const) {
  test(`the info hash of ${name} is that of mktorrent`, async () => {
    for (const exponent of [15, 18]) {
      const theirs = join(folder, `mk-${name}-${exponent}.torrent`);
      makeTorrent(source, theirs, exponent);
      const ours = join(folder, `our-${name}-${exponent}.torrent`);
      const run = await runCli('create', source, '-o', ours, '--v1', '--piece-length', String(2 ** exponent));
      assert.equal(run.status, 0, run.stderr);
      assert.equal(hex(ours), hex(theirs));
    }
  });
}

for (const [name, source] of [
  ['one file', single],
  ['a folder', plain],
] as const) {
  test(`the info hash of ${name}, private, is that of transmission-create`, async () => {
    const theirs = join(folder, `tr-${name}.torrent`);
    const tracker = 'http://127.0.0.1:1/announce';
    const made = spawnSync('transmission-create', ['-p', '-s', '64', '-t', tracker, '-o', theirs, source], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    const ours = join(folder, `our-tr-${name}.torrent`);
    const run = await runCli(
      'create',
      source,
      '-o',
      ours,
      '--piece-length',
      '64K',
      '--private',
      '--tracker',
      tracker,
    );
    assert.equal(run.status, 0, run.stderr);
    assert.equal(hex(ours), hex(theirs));
  });
}

test('transmission-show reads our torrent', async () => {
  const ours = join(folder, 'shown.torrent');
  await runCli('create', many, '-o', ours, '--comment', 'hello', '--tracker', 'udp://127.0.0.1:1');
  const shown = spawnSync('transmission-show', [ours], { encoding: 'utf8' });
  assert.match(shown.stdout, new RegExp(hex(ours)));
  assert.match(shown.stdout, /Comment: hello/);
});

/** Everything that decides where a file of version 2 begins. `sub` is before `sub-x` in its tree, and behind it in version 1. */
const tree = join(folder, 'a tree ü');
const PIECE = 65_536;
for (const [path, length] of Object.entries({
  '.hidden': 3,
  B: 70_000,
  a: 40_000,
  'exact piece': PIECE,
  'exact pieces': 3 * PIECE,
  'sub/empty': 0,
  'sub/deep/er/alone': PIECE + 1,
  'sub/run.sh': 200_000,
  'sub-x': 16_384,
  'sub.txt': 16_385,
  '\u{ff5e} before': 7,
  '\u{1f600} behind, in bytes': 7,
  'zero at the end': 0,
})) {
  mkdirSync(join(tree, path, '..'), { recursive: true });
  writeFileSync(join(tree, path), randomBytes(length));
}
chmodSync(join(tree, 'sub', 'run.sh'), 0o744);
chmodSync(join(tree, 'sub.txt'), 0o655);
cpSync(join(tree, 'exact pieces'), join(tree, 'sub', 'twin'));
const program = join(folder, 'a program');
writeFileSync(program, randomBytes(300_001), { mode: 0o755 });
const small = join(folder, 'small.bin');
writeFileSync(small, randomBytes(20_000));
const lonely = join(folder, 'a folder with one file');
mkdirSync(lonely);
writeFileSync(join(lonely, 'only.bin'), randomBytes(100_000));
const deep = join(folder, 'one file in a folder of a folder');
mkdirSync(join(deep, 'inner'), { recursive: true });
writeFileSync(join(deep, 'inner', 'only.bin'), randomBytes(100_000));
/** libtorrent looks for such a file under another name. */
const foreign = join(folder, 'foreign names');
mkdirSync(foreign);
for (const name of ['not UTF-8 \udcff', 'not UTF-8 \udc80', 'UTF-8 \u{ff5e}'])
  writeFileSync(diskPath(join(foreign, name)), randomBytes(70_000));
const SOURCES = {
  'one file': single,
  'a small file': small,
  'a long file': long,
  'a program': program,
  'a tree': tree,
  'a deep file': deep,
};

/** All of it but what the torrents of two clients may say differently. */
const contentOf = (torrent: string) => {
  const { info, version2, pieceHashes } = loadTorrent(torrent);
  const roots = Buffer.from(version2?.trees.roots ?? []).toString('hex');
  return {
    info: Buffer.from(info).toString('latin1'),
    roots,
    hashes: Buffer.from(pieceHashes).toString('hex'),
  };
};

async function made(source: string, name: string, ...options: readonly string[]) {
  const torrent = join(folder, `${name}.torrent`);
  const run = await runCli('create', source, '-o', torrent, '--force', '--json', ...options);
  assert.equal(run.status, 0, run.stderr);
  const [event] = run.events.filter(({ type }) => type === 'created');
  return { torrent, event };
}

for (const version of ['v2', 'hybrid'] as const) {
  const found = Object.entries(version === 'v2' ? SOURCES : { ...SOURCES, 'a lonely file': lonely });
  for (const [name, source] of [...found, ['foreign names', foreign] as const]) {
    test(`${version}: ${name} is the torrent of libtorrent`, async () => {
      const theirs = join(folder, 'theirs.torrent');
      for (const pieceLength of [16_384, PIECE, 2 ** 20]) {
        libtorrentTorrent(source, theirs, version, pieceLength);
        const { torrent } = await made(source, 'ours', `--${version}`, '--piece-length', String(pieceLength));
        assert.deepEqual(contentOf(torrent), contentOf(theirs), `pieces of ${pieceLength} bytes`);
      }
      libtorrentTorrent(source, theirs, version, PIECE, 'private');
      const { torrent } = await made(
        source,
        'ours',
        `--${version}`,
        '--piece-length',
        String(PIECE),
        '--private',
      );
      assert.deepEqual(contentOf(torrent), contentOf(theirs), 'private');
    });
  }

  for (const [name, source] of found) {
    test(`${version}: libtorrent finds ${name} complete and gives it, verify agrees, and libtorrent gets it from us`, async () => {
      const { torrent } = await made(source, `${version} ${name}`, `--${version}`);
      const verified = await runCli('verify', torrent, folder);
      assert.equal(verified.status, 0, verified.stdout + verified.stderr);
      const seed = await libtorrentSeed({ torrent, folder, scratch: folder });
      const output = join(folder, `got ${version} ${name}`);
      const got = await runCli('get', torrent, '-o', output, '--peer', seed.address, '--no-trackers');
      await seed.stop();
      assert.equal(got.status, 0, got.stderr);
      const own = await ourSeed(torrent, output);
      const theirs = join(folder, `leech ${version} ${name}`);
      const leech = await libtorrentLeech({ torrent }, theirs);
      leech.connect('127.0.0.1', own.port);
      await leech.complete();
      await leech.stop();
      await own.stop();
      const again = await runCli('verify', torrent, theirs);
      assert.equal(again.status, 0, again.stdout + again.stderr);
    });
  }
}

test('without an option: a hybrid of one file, version 1 of a folder or with --private; the event and the text have both hashes', async () => {
  const version = async (source: string, ...options: readonly string[]) => {
    const { torrent, event } = await made(source, 'default', ...options);
    const { pieceHashes, version2 } = loadTorrent(torrent);
    assert.equal(event?.['infoHash'], hex(torrent));
    const v2 = version2 === null ? null : Buffer.from(version2.infoHash).toString('hex');
    assert.equal(event?.['infoHashV2'], v2);
    if (version2 === null) return 'v1';
    return pieceHashes.length > 0 ? 'hybrid' : 'v2';
  };
  assert.equal(await version(single), 'hybrid');
  assert.equal(await version(single, '--v2'), 'v2');
  assert.equal(await version(single, '--v1'), 'v1');
  assert.equal(await version(single, '--private', '--tracker', 'http://127.0.0.1:1/announce'), 'v1');
  assert.equal(await version(lonely), 'v1');
  assert.equal(await version(many, '--hybrid'), 'hybrid');
  const torrent = join(folder, 'text.torrent');
  const { stdout } = await runCli('create', many, '-o', torrent, '--hybrid');
  const v2 = Buffer.from(loadTorrent(torrent).version2?.infoHash ?? []).toString('hex');
  assert.match(stdout, new RegExp(`^info hash ${hex(torrent)}$`, 'm'));
  assert.match(stdout, new RegExp(`^version 2 ${v2}$`, 'm'));
  assert.match(stdout, new RegExp(`xt=urn:btih:${hex(torrent)}&xt=urn:btmh:1220${v2}&`));
});

test('what version 2 cannot say is an error: a folder with one file, two versions, a piece length', async () => {
  const output = join(folder, 'no.torrent');
  for (const [options, message] of [
    [[lonely, '--v2'], /a folder with one file in it; name the file itself, or use --hybrid/],
    [[single, '--v2', '--hybrid'], /--hybrid and --v2: choose one/],
    [[single, '--v2', '--piece-length', '48K'], /--piece-length 48K: not a power of two/],
  ] as const) {
    const run = await runCli('create', ...options, '-o', output);
    assert.equal(run.status, 2);
    assert.match(run.stderr, message);
  }
});
