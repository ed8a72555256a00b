/** The pure parts of `--reuse`: which files may be which, and how pieces are put together from them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Candidates } from '../../src/main/storage/reuse/candidates.ts';
import { partInside, partsOf, waysOf } from '../../src/main/storage/reuse/piece-ways.ts';
import { SampledSources } from '../../src/main/storage/reuse/sampled-sources.ts';
import { SoughtHashes } from '../../src/main/storage/reuse/sought-hashes.ts';
import type { SourceFile } from '../../src/main/storage/reuse/source-walk.ts';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { MAX_REUSE_CANDIDATES, MAX_REUSE_WAYS } from '../../src/shared/limits.ts';
import { madeVersion } from '../support/made-versions.ts';
import { madeTorrent } from '../support/torrent-seed.ts';
import { content } from '../support/version2-torrents.ts';

const PIECE = 16_384;
const piece = (value: number): PieceIndex => value as PieceIndex;
const source = (path: string, size: number): SourceFile => ({
  path,
  size,
  elements: path.split('/').slice(1),
});

const wanted = (path: string, length: number) => {
  const elements = ['set', ...path.split('/')];
  return { path: elements, rawPath: elements, length };
};

test('the likeliest candidate first: size before name, the longer common path before the shorter one', () => {
  const candidates = new Candidates([
    source('/x/other.bin', 100),
    source('/x/sub/a.bin', 90),
    source('/x/a.bin', 100),
    source('/y/set/sub/a.bin', 100),
    source('/x/b.bin', 99),
  ]);
  const found = candidates.of(wanted('sub/a.bin', 100));
  assert.deepEqual(
    found.map((one) => [one.source.path, one.sameElements]),
    [
      ['/y/set/sub/a.bin', 3],
      ['/x/a.bin', 1],
      ['/x/other.bin', 0],
      ['/x/sub/a.bin', 2],
    ],
  );
  assert.deepEqual(candidates.of(wanted('c.bin', 5)), []);
});

test('of many files with one size a few are tried, those with the name first', () => {
  const many = Array.from({ length: 100 }, (_, i) => source(`/x/part${i}`, 100));
  const found = new Candidates(many).of(wanted('part77', 100));
  assert.deepEqual([found.length, found[0]?.source.path], [MAX_REUSE_CANDIDATES, '/x/part77']);
});

test('of many files with one name, the one in the same folder is found', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => source(`/x/folder${i}/index.html`, 100 + i));
  const [first] = new Candidates(many).of(wanted('folder990/index.html', 5));
  assert.equal(first?.source.path, '/x/folder990/index.html');
});

/** In version 1: piece 0 in a, piece 1 in a and b, piece 2 in b, padding and c. */
const V1 = parseMetainfo(
  madeTorrent(
    [
      { path: 'a', bytes: Buffer.alloc(PIECE + 100, 1) },
      { path: 'b', bytes: Buffer.alloc(PIECE, 2) },
      { path: '.pad/9', bytes: Buffer.alloc(PIECE - 100), padding: true },
      { path: 'c', bytes: Buffer.alloc(500, 3) },
    ],
    PIECE,
  ).torrent,
  'v1',
);

test('the parts of a piece: padding is in none, and a piece over a border has several', () => {
  assert.deepEqual(partsOf(V1, piece(0)), [{ file: 0, from: 0, length: PIECE, at: 0 }]);
  assert.deepEqual(partsOf(V1, piece(1)), [
    { file: 0, from: 0, length: 100, at: PIECE },
    { file: 1, from: 100, length: PIECE - 100, at: 0 },
  ]);
  assert.deepEqual(partsOf(V1, piece(2)), [{ file: 1, from: 0, length: 100, at: PIECE - 100 }]);
  assert.deepEqual(partsOf(V1, piece(3)), [{ file: 3, from: 0, length: 500, at: 0 }]);
  assert.deepEqual(
    [0, 1, 2, 3].map((one) => partInside(V1, piece(one))?.file ?? null),
    [0, null, 1, 3],
  );
});

test('ways of a piece: all parts from the likeliest files, from the second ones, then one part from another', () => {
  const sources = [
    [source('/new/a', 50_000), source('/old/a', 50_000)],
    [source('/new/b', 50_000), source('/old/b', 50_000)],
  ];
  const ways = waysOf(V1, piece(1), (file) => sources[file] ?? []);
  assert.deepEqual(
    ways.map((parts) => parts.map(({ path }) => path)),
    [
      ['/new/a', '/new/b'],
      ['/old/a', '/old/b'],
      ['/old/a', '/new/b'],
      ['/new/a', '/old/b'],
    ],
  );
  assert.deepEqual(ways[0]?.[1], { from: 100, length: PIECE - 100, path: '/new/b', at: 0 });
});

test('no way: a part is in no file, or all of them are too short; never too many ways', () => {
  const long = source('/x', 50_000);
  assert.deepEqual(
    waysOf(V1, piece(1), (file) => (file === 0 ? [long] : [])),
    [],
  );
  assert.deepEqual(
    waysOf(V1, piece(1), () => [source('/x', PIECE + 99)]),
    [],
    'a must have 100 bytes more',
  );
  const many = Array.from({ length: 50 }, (_, i) => source(`/${i}`, 50_000));
  assert.equal(waysOf(V1, piece(1), () => many).length, MAX_REUSE_WAYS);
});

test('samples decide between files of one size; a twin has one of them right', () => {
  const bytes = content(40 * PIECE, 1);
  const metainfo = parseMetainfo(madeTorrent([{ path: 'a', bytes }], PIECE).torrent, 'long');
  const sources = [source('/x/one', bytes.length), source('/x/two', bytes.length), source('/x/a', 7 * PIECE)];
  const sampled = new SampledSources(
    metainfo,
    sources,
    () => true,
    () => false,
  );
  const tasks = [...sampled.tasks()];
  const sought = tasks.flatMap((task) => (task.type === 'take' ? task.pieces : []));
  assert.ok(tasks.every((task) => task.type === 'take' && !task.keep));
  // Eight of each that is long enough, two of the short one.
  assert.equal(sought.length, 8 + 8 + 2);
  assert.deepEqual([sampled.of(0), sampled.twinOf(0)], [[], null], 'nothing is known of them');
  sampled.hit(piece(0), '/x/two');
  sampled.hit(piece(5), '/x/two');
  sampled.hit(piece(0), '/x/a');
  assert.deepEqual(
    sampled.of(0).map(({ path }) => path),
    ['/x/two', '/x/a'],
  );
  assert.equal(sampled.twinOf(0)?.path, '/x/two');
});

test('files of one size that were renamed: the twin of each is the one that has its own pieces', () => {
  const files = ['a', 'b'].map((path, i) => ({ path, bytes: content(20 * PIECE, i) }));
  const metainfo = parseMetainfo(madeTorrent(files, PIECE).torrent, 'volumes');
  const sources = ['/x/1', '/x/2'].map((path) => source(path, 20 * PIECE));
  const sampled = new SampledSources(
    metainfo,
    sources,
    () => true,
    () => false,
  );
  // The first one is b.
  for (const at of [20, 25, 30]) sampled.hit(piece(at), '/x/1');
  assert.deepEqual([sampled.twinOf(0), sampled.twinOf(1)?.path], [null, '/x/1']);
  sampled.hit(piece(3), '/x/2');
  assert.deepEqual([sampled.twinOf(0)?.path, sampled.twinOf(1)?.path], ['/x/2', '/x/1']);
});

test('by hash: in version 1 only pieces of files that begin with a piece, in version 2 all', () => {
  assert.deepEqual([...SoughtHashes.candidates(V1)], [0, 3]);
  const files = [
    { name: 'a', bytes: content(2 * PIECE + 1, 1) },
    { name: 'b', bytes: content(PIECE, 2) },
  ];
  for (const version of ['v2', 'hybrid'] as const) {
    const metainfo = parseMetainfo(madeVersion(files, PIECE, version).torrent, version);
    assert.deepEqual([...SoughtHashes.candidates(metainfo)], [0, 1, 2, 3], version);
  }
});

test('by hash: only stretches that may be a missing piece are read', () => {
  const metainfo = parseMetainfo(
    madeTorrent([{ path: 'a', bytes: content(3 * PIECE + 9, 1) }], PIECE).torrent,
    'v1',
  );
  const hashes = new SoughtHashes(metainfo);
  assert.ok(hashes.isEmpty);
  hashes.add(piece(3));
  const of = (size: number, known: readonly number[] = []) =>
    [...hashes.stretchesOf(source('/x', size), (chunk) => known.includes(chunk))].map(({ at, length }) => [
      at,
      length,
    ]);
  assert.deepEqual(of(5 * PIECE + 9), [[5 * PIECE, 9]], 'a piece of nine bytes is at the end of a file');
  assert.deepEqual(of(5 * PIECE + 8), []);
  hashes.add(piece(1));
  assert.deepEqual(of(3 * PIECE), [[0, 3 * PIECE]]);
  assert.deepEqual(of(4 * PIECE + 9, [1, 4]), [
    [0, PIECE],
    [2 * PIECE, 2 * PIECE],
  ]);
});

test('the names of the hashes are those of the torrent', () => {
  const bytes = content(PIECE, 1);
  const metainfo = parseMetainfo(madeTorrent([{ path: 'a', bytes }], PIECE).torrent, 'v1');
  const hashes = new SoughtHashes(metainfo);
  hashes.add(piece(0));
  const digest = createHash('sha1').update(bytes).digest().toString('latin1');
  const chunk = { path: '/x', at: 0, digest };
  assert.deepEqual(hashes.of({ ...chunk, length: PIECE }), [0]);
  assert.deepEqual(hashes.of({ ...chunk, length: PIECE - 1 }), []);
});
