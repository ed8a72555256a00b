/** Many files: selection, padding, names, and what verify and create report about them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { type MadeFile, madeTorrent, torrentSeed } from '../support/torrent-seed.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 32_768;

const files: MadeFile[] = [
  { path: 'a/first.bin', bytes: randomBytes(50_000) },
  { path: 'b/second.mkv', bytes: randomBytes(100_000) },
  { path: 'empty.nfo', bytes: Buffer.alloc(0) },
  { path: '.pad/13840', bytes: Buffer.alloc(13_840), padding: true },
  { path: 'b/third.mkv', bytes: randomBytes(70_001) },
  { path: 'z.txt', bytes: randomBytes(10) },
];
const made = madeTorrent(files, PIECE);
const torrent = writeTo(folder, 'set.torrent', made.torrent);

async function get(output: string, ...more: string[]) {
  const seed = await torrentSeed(made, '127.0.0.9');
  try {
    const run = await runCli(
      'get',
      torrent,
      '-o',
      output,
      '--no-trackers',
      '--peer',
      seed.address,
      '--json',
      ...more,
    );
    return { run, served: seed.served };
  } finally {
    await seed.close();
  }
}

function tree(path: string): string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();
}

function assertFiles(output: string, names: readonly string[]): void {
  for (const { path, bytes } of files)
    if (names.includes(path)) assert.ok(readFileSync(join(output, 'set', path)).equals(bytes), path);
}

test('all files, the empty one too, padding nowhere', async () => {
  const output = join(folder, 'all');
  const { run } = await get(output);
  assert.equal(run.status, 0, run.stderr);
  const names = files.filter(({ padding }) => padding !== true).map(({ path }) => path);
  assert.deepEqual(tree(join(output, 'set')), [...names].sort());
  assertFiles(output, names);
  const verified = await runCli('verify', torrent, output, '--json');
  assert.deepEqual([verified.status, verified.events.at(-1)?.['goodPieces']], [0, 8]);
});

for (const [name, select, expected] of [
  ['a glob of names', ['*.mkv'], ['b/second.mkv', 'b/third.mkv']],
  ['a glob of paths', ['a/*'], ['a/first.bin']],
  ['indices, as inspect shows them', ['0', '3-4'], ['a/first.bin', 'b/third.mkv', 'z.txt']],
  ['an empty file', ['*.nfo'], ['empty.nfo']],
] as const) {
  test(`--select by ${name}: those files and no stray byte`, async () => {
    const output = join(folder, `select ${name}`);
    const { run, served } = await get(output, ...select.flatMap((pattern) => ['--select', pattern]));
    assert.equal(run.status, 0, run.stderr);
    assert.deepEqual(
      tree(output),
      expected.map((path) => join('set', path)),
    );
    assertFiles(output, expected);
    assert.ok(served < 16, `only what is needed was asked for: ${served} blocks`);
    const again = await get(output, ...select.flatMap((pattern) => ['--select', pattern]));
    assert.equal(again.run.status, 0, again.run.stderr);
    assert.equal(again.served, 0, 'nothing comes again, at the edges of the selection neither');
  });
}

test('--select that matches nothing is wrong usage', async () => {
  for (const pattern of ['*.iso', '99', '5-2']) {
    const run = await runCli('get', torrent, '-o', join(folder, 'none'), '--select', pattern);
    assert.deepEqual([run.status, /no file of set matches/.test(run.stderr)], [2, true]);
  }
});

test('--sequential gets the pieces in order', async () => {
  const { run } = await get(join(folder, 'sequential'), '--sequential');
  assert.equal(run.status, 0, run.stderr);
});

test('a link in the output folder is not followed out of it', async () => {
  const outside = join(folder, 'outside');
  mkdirSync(outside);
  const output = join(folder, 'linked');
  mkdirSync(join(output, 'set'), { recursive: true });
  symlinkSync(outside, join(output, 'set', 'b'));
  const { run } = await get(output);
  assert.deepEqual(
    [run.status, /set\/b: a symbolic link is there, where the download needs a folder/.test(run.stderr)],
    [5, true],
    run.stderr,
  );
  rmSync(join(output, 'set', 'b'));
  writeFileSync(join(outside, 'victim'), 'untouched');
  symlinkSync(join(outside, 'victim'), join(output, 'set', 'z.txt'));
  const file = await get(output);
  assert.deepEqual(
    [file.run.status, /set\/z.txt: a symbolic link is there/.test(file.run.stderr)],
    [5, true],
    file.run.stderr,
  );
  assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'untouched');
  assert.deepEqual(readdirSync(outside), ['victim']);
});

test('verify lists good, bad and missing files, and exits with 6', async () => {
  const output = join(folder, 'all');
  const path = join(output, 'set', 'b', 'second.mkv');
  const bytes = readFileSync(path);
  bytes[60_000] = (bytes[60_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  rmSync(join(output, 'set', 'z.txt'));
  const run = await runCli('verify', torrent, output);
  assert.equal(run.status, 6);
  const lines = run.stdout.split('\n').filter((line) => line.includes('set/'));
  const told = lines.map((line) => [line.split(' ')[0], /set\/\S+/.exec(line)?.[0]]);
  assert.deepEqual(told, [
    ['good', 'set/a/first.bin'],
    ['bad', 'set/b/second.mkv'],
    ['good', 'set/empty.nfo'],
    // It shares the bad piece. It was selected alone before, so its part has a hash of its own.
    ['good', 'set/b/third.mkv'],
    ['missing', 'set/z.txt'],
  ]);
  const { run: mended, served } = await get(output);
  assert.equal(mended.status, 0, mended.stderr);
  assert.ok(served <= 4, `only two pieces are fetched: ${served} blocks`);
  assert.equal((await runCli('verify', torrent, output, '--quiet')).status, 0);
});

test('create, then get, then verify; the torrent contains what the options said', async () => {
  const source = join(folder, 'all', 'set');
  const output = writeTo(folder, 'made.torrent', Buffer.alloc(0));
  const refused = await runCli('create', source, '-o', output);
  assert.deepEqual([refused.status, /already exists/.test(refused.stderr)], [2, true]);
  const flags = [
    '--private',
    '--comment',
    'a "word"',
    '--tracker',
    'http://t.example/announce',
    '--tracker',
    'udp://u.example:1',
    '--web-seed',
    'http://w.example/',
  ];
  const run = await runCli(
    'create',
    source,
    '-o',
    output,
    '--force',
    '--piece-length',
    '16K',
    '--json',
    ...flags,
  );
  assert.equal(run.status, 0, run.stderr);
  const created = run.events.at(-1);
  const inspected = await runCli('inspect', output, '--json');
  const told = inspected.events[0];
  assert.deepEqual(
    [
      told?.['infoHash'],
      told?.['private'],
      told?.['comment'],
      told?.['trackers'],
      told?.['webSeeds'],
      told?.['pieceLength'],
    ],
    [
      created?.['infoHash'],
      true,
      'a "word"',
      [['http://t.example/announce'], ['udp://u.example:1']],
      ['http://w.example/'],
      16_384,
    ],
  );
  assert.equal((await runCli('verify', output, join(folder, 'all'))).status, 0);
  assert.match((await runCli('inspect', output)).stdout, /private +yes[\s\S]*set\/b\/third.mkv/);
  for (const [args, message] of [
    [['create', join(folder, 'nowhere')], /nowhere: there is no such file or folder$/m],
    [['create', source, '-o', join(folder, 'p.torrent'), '--piece-length', '20K'], /not a power of two/],
    [
      ['create', source, '-o', join(folder, 'p.torrent'), '--tracker', 'nonsense'],
      /--tracker nonsense: not the URL of a tracker; write/,
    ],
  ] as const) {
    const bad = await runCli(...args);
    assert.ok(bad.status === 2 || bad.status === 5, bad.stderr);
    assert.match(bad.stderr, message);
  }
  assert.equal(existsSync(join(folder, 'p.torrent')), false);
});

test('long work shows its rate and the rest: create, verify, and the check before a download', async () => {
  const source = join(folder, 'sparse.bin');
  const sparse = join(folder, 'sparse.torrent');
  writeFileSync(source, '');
  truncateSync(source, 2 ** 29);
  const works = async (...args: string[]) => {
    const { events } = await runCli(...args, '--json');
    const told = events.filter(({ type, work }) => type === 'progress' && work !== undefined);
    for (const { bytes, totalBytes, rate } of told)
      assert.ok(Number(bytes) <= Number(totalBytes) && Number(rate) >= 0);
    return new Set(told.map(({ work }) => work));
  };
  const slowly = ['--hashers', '1'];
  const known = await works('create', source, '-o', sparse, ...slowly);
  assert.deepEqual(known, new Set(['hashing']));
  assert.deepEqual(await works('verify', sparse, folder, ...slowly), new Set(['verifying']));
  const nobody = ['--no-trackers', '--peer', '127.0.0.1:1', ...slowly];
  assert.deepEqual(await works('get', sparse, '-o', folder, ...nobody), new Set(['checking what is there']));
});

test('a name longer than a file system allows, and one with many bytes per letter', async () => {
  const long = madeTorrent(
    [
      { path: `${'n'.repeat(300)}.txt`, bytes: randomBytes(10) },
      { path: `${'n'.repeat(310)}.txt`, bytes: randomBytes(10) },
      { path: `${'語'.repeat(120)}.mkv`, bytes: randomBytes(20_000) },
      { path: 'bad\udcff', bytes: randomBytes(10) },
      { path: `${'deep'.repeat(50)}/`.repeat(25).concat('x'), bytes: randomBytes(10) },
    ],
    PIECE,
    'r'.repeat(255),
  );
  const seed = await torrentSeed(long, '127.0.0.10');
  const output = join(folder, 'long');
  const run = await runCli(
    'get',
    writeTo(folder, 'long.torrent', long.torrent),
    '-o',
    output,
    '--no-trackers',
    '--peer',
    seed.address,
  );
  await seed.close();
  assert.equal(run.status, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /journal/, 'the journal of a long name has a name, too');
  const root = Buffer.from(join(output, 'r'.repeat(255)));
  assert.deepEqual(
    readdirSync(root, 'latin1')
      .toSorted()
      .map((name) => name.replace(/n{3,}|_[0-9a-f]{16}/, '…').replace(/(èª\x9e)+/, '語')),
    ['…', 'bad\xff', '….1.txt', '….txt', '語.mkv'],
  );
  assert.equal((await runCli('verify', join(folder, 'long.torrent'), output)).status, 0);
});
