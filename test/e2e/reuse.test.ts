/** `--reuse DIR`: what is known is taken from there, and only the rest is asked of a seed, which counts its blocks. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type CliResult, runCli, temporaryFolder } from '../support/cli.ts';
import { contentOf } from '../support/content.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { madeVersion, VERSIONS, type Version } from '../support/made-versions.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { torrentSeed } from '../support/torrent-seed.ts';
import { content, type Made } from '../support/version2-torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const PIECE = 65_536;
const BLOCKS = PIECE / 16_384;
/** Sorted. In version 1 pieces reach over all borders; the last two share one piece with their neighbours. */
const NEW: readonly Made[] = [
  { name: 'a.bin', bytes: content(40 * PIECE + 1_000, 1) },
  { name: 'b.bin', bytes: content(20 * PIECE + 30_000, 2) },
  { name: 'c.txt', bytes: content(700, 3) },
  { name: 'd.txt', bytes: content(9_000, 4) },
];
const SIZE = NEW.reduce((sum, { bytes }) => sum + bytes.length, 0);

interface Outcome {
  readonly run: CliResult;
  /** Blocks that the seed sent. */
  readonly served: number;
  readonly reused: number;
  readonly downloaded: number;
}

let number = 0;
const fresh = (name: string): string => join(folder, `${name} ${++number}`);

function put(path: string, files: readonly Made[]): string {
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), bytes);
  }
  return path;
}

async function got(
  version: Version,
  output: string,
  more: readonly string[],
  files: readonly Made[] = NEW,
  expected: readonly Made[] = files,
): Promise<Outcome> {
  const made = madeVersion(files, PIECE, version);
  const torrent = writeTo(folder, `${++number}.torrent`, made.torrent);
  const seed = await torrentSeed(made, '127.0.0.71');
  try {
    const args = ['-o', output, '--no-trackers', '--peer', seed.address, '--json', ...more];
    const run = await runCli('get', torrent, ...args);
    assert.equal(run.status, 0, run.stderr);
    for (const { name, bytes } of expected)
      assert.ok(readFileSync(join(output, 'set', name)).equals(bytes), name);
    assert.deepEqual(readdirSync(join(output, 'set')).sort(), expected.map(({ name }) => name).sort());
    const complete = run.events.find(({ type }) => type === 'complete');
    const [reused, downloaded] = [Number(complete?.['reused']), Number(complete?.['downloaded'])];
    return { run, served: seed.served, reused, downloaded };
  } finally {
    await seed.close();
  }
}

/** Some bytes at these places are others. */
function changed(bytes: Buffer, ...places: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const at of places) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

const older = ([a, b, c, d]: readonly Made[] = NEW): Made[] => [
  // Two pieces differ, and b was longer.
  { name: 'a.bin', bytes: changed(a?.bytes ?? Buffer.alloc(0), 3 * PIECE + 5, 30 * PIECE) },
  { name: 'b.bin', bytes: Buffer.concat([b?.bytes ?? Buffer.alloc(0), content(PIECE * 2, 9)]) },
  { name: 'c.txt', bytes: c?.bytes ?? Buffer.alloc(0) },
  { name: 'd.txt', bytes: d?.bytes ?? Buffer.alloc(0) },
];

for (const version of VERSIONS)
  test(`${version}: of an older version with two changed pieces, only these are downloaded`, async () => {
    const old = put(fresh('old'), older());
    const before = contentOf(old);
    const { run, served, reused, downloaded } = await got(version, fresh('out'), ['--reuse', old]);
    assert.deepEqual([served, downloaded, reused], [2 * BLOCKS, 2 * PIECE, SIZE - 2 * PIECE]);
    const event = run.events.find(({ type }) => type === 'reused');
    assert.deepEqual(event, {
      ...{ type: 'reused', v: 1, folders: [old], bytes: reused, totalBytes: SIZE, isCut: false },
    });
    const summary = run.events.findLast(({ type }) => type === 'summary');
    assert.deepEqual([summary?.['reused'], summary?.['found']], [reused, 0]);
    assert.deepEqual(contentOf(old), before, 'the folder is only read');
  });

for (const version of VERSIONS)
  test(`${version}: everything is there, in several places: no peer is needed`, async () => {
    const old = fresh('old');
    put(join(old, 'x/y'), NEW.slice(0, 1));
    const other = put(fresh('other'), NEW.slice(1));
    const torrent = writeTo(folder, `${++number}.torrent`, madeVersion(NEW, PIECE, version).torrent);
    const output = fresh('out');
    const more = ['--reuse', old, '--reuse', other, '--no-trackers'];
    const run = await runCli('get', torrent, '-o', output, ...more);
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stderr, /3\.8 MiB of 3\.8 MiB were taken from .*old \d+, .*other \d+/);
    assert.match(run.stdout, /^complete: .*\/set, .*MiB were taken from other files$/m);
    for (const { name, bytes } of NEW) assert.ok(readFileSync(join(output, 'set', name)).equals(bytes), name);
  });

test('other names with the same sizes are found by what is in them', async () => {
  for (const version of VERSIONS) {
    const renamed = NEW.map(({ bytes }, i) => ({ name: `renamed/${9 - i}.dat`, bytes }));
    const { served, reused } = await got(version, fresh('out'), ['--reuse', put(fresh('old'), renamed)]);
    assert.deepEqual([served, reused], [0, SIZE], version);
  }
});

test('other names and other sizes: pieces are found by hash', async () => {
  const [a, b] = NEW.map(({ bytes }) => bytes);
  const old = put(fresh('old'), [
    // The pieces of both files one after the other, and something after them.
    {
      name: 'image',
      bytes: Buffer.concat([
        (b ?? Buffer.alloc(0)).subarray(0, 20 * PIECE),
        (a ?? Buffer.alloc(0)).subarray(0, 40 * PIECE),
        content(5_000, 8),
      ]),
    },
    // The end of a file, as the end of another.
    { name: 'end', bytes: (a ?? Buffer.alloc(0)).subarray(40 * PIECE) },
  ]);
  const v2 = await got('v2', fresh('out'), ['--reuse', old]);
  assert.equal(v2.reused, 60 * PIECE + 1_000);
  const hybrid = await got('hybrid', fresh('out'), ['--reuse', old]);
  assert.equal(hybrid.reused, 60 * PIECE + 1_000);
  // In version 1 only the first file begins with a piece.
  const v1 = await got('v1', fresh('out'), ['--reuse', old]);
  assert.equal(v1.reused, 40 * PIECE);
});

test('files with the same size or the same name and other content are not taken', async () => {
  for (const version of VERSIONS) {
    const strangers = NEW.map(({ name, bytes }, i) => ({
      name: i % 2 === 0 ? name : `other-${name}`,
      bytes: content(bytes.length, 100 + i),
    }));
    const old = put(fresh('old'), strangers);
    const { run, reused, downloaded } = await got(version, fresh('out'), ['--reuse', old]);
    assert.deepEqual([reused, downloaded], [0, SIZE], version);
    assert.match(run.stderr + run.stdout, /"type":"reused"/);
  }
});

test('the folder of the download and those above it may be named; its own files are no source', async () => {
  // Two equal files: one is there, and it must not be the source of the other.
  const twins: readonly Made[] = [
    { name: 'one', bytes: content(4 * PIECE, 5) },
    { name: 'two', bytes: content(4 * PIECE, 5) },
  ];
  for (const reuse of ['', 'set', '..']) {
    const output = join(fresh('above'), 'out');
    put(join(output, 'set'), twins.slice(0, 1));
    const { served, reused } = await got('v2', output, ['--reuse', join(output, reuse)], twins);
    assert.deepEqual([served, reused], [4 * BLOCKS, 0], reuse);
  }
  // An older version beside it.
  const output = fresh('out');
  put(join(output, 'older'), older());
  const { reused } = await got('v1', output, ['--reuse', output]);
  assert.equal(reused, SIZE - 2 * PIECE);
});

test('links in the folder are not followed; the folder itself may be a link', async () => {
  const real = put(fresh('real'), NEW);
  const linked = fresh('linked');
  mkdirSync(linked);
  symlinkSync(real, join(linked, 'folder'));
  for (const { name } of NEW) symlinkSync(join(real, name), join(linked, name));
  assert.equal((await got('v1', fresh('out'), ['--reuse', linked])).reused, 0);
  const named = fresh('named');
  symlinkSync(real, named);
  assert.equal((await got('v1', fresh('out'), ['--reuse', named])).reused, SIZE);
});

test('a selection: only its files are made, and its border pieces take bytes of the others from there', async () => {
  for (const version of VERSIONS) {
    const old = put(fresh('old'), NEW);
    const expected = NEW.slice(1, 2);
    const output = fresh('out');
    const more = ['--reuse', old, '--select', 'b.bin'];
    const { served, downloaded } = await got(version, output, more, NEW, expected);
    assert.deepEqual([served, downloaded], [0, 0], version);
  }
});

test('--part and --preallocate full', async () => {
  const old = put(fresh('old'), older());
  const more = ['--reuse', old, '--part', '--preallocate', 'full'];
  const { served, reused } = await got('v1', fresh('out'), more);
  assert.deepEqual([served, reused], [2 * BLOCKS, SIZE - 2 * PIECE]);
});

test('files that are there already are not taken again', async () => {
  const output = fresh('out');
  put(join(output, 'set'), older());
  // A file that is longer than in the torrent would be in the way.
  writeFileSync(join(output, 'set', 'b.bin'), NEW[1]?.bytes ?? '');
  const { run, served, reused } = await got('v2', output, ['--reuse', put(fresh('old'), NEW)]);
  assert.deepEqual([served, reused], [0, 2 * PIECE]);
  assert.equal(run.events.findLast(({ type }) => type === 'summary')?.['found'], SIZE - 2 * PIECE);
});

test('a folder that is not there, or is a file: exit 5 before anything is made', async () => {
  const torrent = writeTo(folder, `${++number}.torrent`, madeVersion(NEW, PIECE, 'v1').torrent);
  const output = fresh('out');
  for (const [path, why] of [
    [join(folder, 'nothing'), /--reuse .*nothing: this folder does not exist/],
    [torrent, /--reuse .*\.torrent: it is not a folder/],
  ] as const) {
    const run = await runCli('get', torrent, '-o', output, '--reuse', path);
    assert.deepEqual([run.status, why.test(run.stderr)], [5, true], run.stderr);
    assert.equal(statSync(output, { throwIfNoEntry: false }), undefined);
  }
});

test('--dry-run names the folder and reads nothing of it', async () => {
  const torrent = writeTo(folder, `${++number}.torrent`, madeVersion(NEW, PIECE, 'v1').torrent);
  const more = ['-o', fresh('out'), '--dry-run', '--reuse', folder];
  const run = await runCli('get', torrent, ...more);
  assert.match(run.stdout, /^reuse +what is known of it in .*unchoke-test-/m);
  const json = await runCli('get', torrent, ...more, '--json');
  assert.deepEqual(json.events[0]?.['reuse'], [folder]);
});
