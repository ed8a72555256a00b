/** The sources of `--reuse`: what a storage thread reads of them, and the walk that finds them. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { partInside } from '../../src/main/storage/reuse/piece-ways.ts';
import { SoughtHashes } from '../../src/main/storage/reuse/sought-hashes.ts';
import { ownFiles, sourceFiles } from '../../src/main/storage/reuse/source-walk.ts';
import { hashesOf, parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { MAX_REUSE_DEPTH_LEVELS } from '../../src/shared/limits.ts';
import type { StorageTask } from '../../src/shared/storage-messages.ts';
import { StorageWorker } from '../../src/workers/storage/storage-worker.ts';
import { temporaryFolder } from '../support/cli.ts';
import { madeVersion, VERSIONS } from '../support/made-versions.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { torrentId } from '../support/stored-torrents.ts';
import { madeTorrent } from '../support/torrent-seed.ts';
import { content } from '../support/version2-torrents.ts';

const PIECE = 16_384;
const piece = (value: number): PieceIndex => value as PieceIndex;

test('a storage thread finds the hashes by which each version knows a piece, and takes it', () => {
  const files = [
    { name: 'a', bytes: content(2 * PIECE + 100, 1) },
    { name: 'b', bytes: content(700, 2) },
  ];
  for (const version of VERSIONS) {
    const metainfo = parseMetainfo(madeVersion(files, PIECE, version).torrent, version);
    const disk = new MemoryDisk();
    // An image: something, then both files, each at a multiple of the piece length.
    disk.make('image', 5 * PIECE + 700);
    const image = disk.content('image');
    files[0]?.bytes.copy(image, PIECE);
    files[1]?.bytes.copy(image, 5 * PIECE);
    disk.make('own', metainfo.geometry.totalLength + PIECE);
    const worker = new StorageWorker({ openFiles: 4 }, disk, () => {});
    const setup = {
      arena: null,
      geometry: metainfo.geometry,
      hashes: hashesOf(metainfo),
      files: [{ path: 'own', offset: 0, length: metainfo.geometry.totalLength + PIECE }],
      padding: [],
    };
    const hashes = new SoughtHashes(metainfo);
    for (const one of SoughtHashes.candidates(metainfo)) hashes.add(one);
    const stretches = [{ path: 'image', at: 0, length: 5 * PIECE + 700 }];
    const run = (task: StorageTask, isNew: boolean) =>
      worker.run({ type: 'run', torrent: torrentId(1), setup: isNew ? setup : null, task });
    const result = run({ type: 'digest-source', stretches, isPadded: hashes.isPadded }, true);
    assert.equal(result.type, 'source-digested');
    if (result.type !== 'source-digested') return;
    const found = new Map(result.chunks.flatMap((chunk) => hashes.of(chunk).map((one) => [one, chunk.at])));
    // The third piece of a ends in the middle of a piece of the image; in version 1 it is shared with b.
    const expected =
      version === 'v1'
        ? [
            [0, PIECE],
            [1, 2 * PIECE],
          ]
        : [
            [0, PIECE],
            [1, 2 * PIECE],
            [3, 5 * PIECE],
          ];
    assert.deepEqual(
      [...found].sort(([one], [other]) => one - other),
      expected,
      version,
    );
    const pieces = [...found].map(([one, at]) => ({
      piece: one,
      ways: [
        [{ from: 0, length: 10, path: 'nothing', at: 0 }],
        [{ from: 0, length: partInside(metainfo, one)?.length ?? 0, path: 'image', at }],
      ],
    }));
    const taken = run({ type: 'take', pieces, keep: true }, false);
    assert.equal(taken.type === 'taken' && taken.found.length, expected.length, version);
    assert.ok(
      disk
        .content('own')
        .subarray(0, 2 * PIECE)
        .equals((files[0]?.bytes ?? image).subarray(0, 2 * PIECE)),
    );
    assert.ok(
      [...disk.open.values()].every((open) => !open.includes('image')),
      'sources are closed after the task',
    );
  }
});

test('a probe writes nothing; a disk that fails is a fault, a source that fails is not', () => {
  const bytes = content(PIECE, 1);
  const metainfo = parseMetainfo(madeTorrent([{ path: 'a', bytes }], PIECE).torrent, 'v1');
  const disk = new MemoryDisk();
  disk.make('own', PIECE);
  disk.make('old', PIECE);
  bytes.copy(disk.content('old'));
  const worker = new StorageWorker({ openFiles: 4 }, disk, () => {});
  const setup = {
    ...{ arena: null, geometry: metainfo.geometry, hashes: hashesOf(metainfo), padding: [] },
    files: [{ path: 'own', offset: 0, length: PIECE }],
  };
  const take = (keep: boolean) => {
    const ways = [[{ from: 0, length: PIECE, path: 'old', at: 0 }]];
    const task = { type: 'take', pieces: [{ piece: piece(0), ways }], keep } as const;
    const result = worker.run({ type: 'run', torrent: torrentId(1), setup, task });
    return result.type === 'taken' ? [result.found.length, result.missed.length, result.fault?.code] : result;
  };
  assert.deepEqual(take(false), [1, 0, undefined]);
  assert.ok(disk.content('own').every((byte) => byte === 0));
  disk.fault = 'EIO';
  assert.deepEqual(take(true), [0, 1, undefined], 'the source cannot be read');
  assert.equal(disk.fault, null, 'the fault fired');
  assert.deepEqual(take(true), [1, 0, undefined]);
  assert.ok(disk.content('own').equals(bytes));
});

const nobody = (): boolean => false;

test('the walk: files with bytes, no links, not the download itself; folders that cannot be read are left out', async () => {
  const folder = temporaryFolder();
  for (const path of ['one/two', 'locked', 'out/set']) mkdirSync(join(folder, path), { recursive: true });
  for (const path of ['one/two/b', 'a', 'locked/c', 'out/set/own', 'out/set/moved'])
    writeFileSync(join(folder, path), path);
  writeFileSync(join(folder, 'empty'), '');
  symlinkSync(join(folder, 'one'), join(folder, 'link'));
  symlinkSync(join(folder, 'a'), join(folder, 'file-link'));
  const slow: FileSystem['slow'] = {
    ...SYSTEM_FILES.slow,
    readdir: (path) =>
      String(path).endsWith('locked')
        ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }))
        : SYSTEM_FILES.slow.readdir(path),
  };
  const files = { ...SYSTEM_FILES, slow };
  const out = join(folder, 'out');
  const moved = SYSTEM_FILES.lstat(join(out, 'set/moved'));
  const looks = [null, { inode: String(moved?.ino), born: String(moved?.birthtimeNs) }];
  const own = [join(out, 'set/own'), join(out, 'set/before')].map((path) => ({ path, offset: 0, length: 1 }));
  const isOurs = ownFiles({ folder: out, files: own, finalPaths: new Map() }, looks, files);
  const walk = await sourceFiles([folder], files, isOurs, nobody);
  assert.deepEqual(
    [walk.isCut, walk.files.map(({ elements }) => elements.join('/'))],
    [false, ['a', 'one/two/b']],
  );
  await assert.rejects(() => sourceFiles([join(folder, 'locked')], files, isOurs, nobody), {
    code: 'disk',
    message: /locked: no permission/,
  });
});

test('the walk ends at its limits and says so', async () => {
  const folder = temporaryFolder();
  const deep = Array.from({ length: MAX_REUSE_DEPTH_LEVELS + 1 }, () => 'd').join('/');
  mkdirSync(join(folder, deep), { recursive: true });
  writeFileSync(join(folder, deep, 'x'), 'x');
  const walk = await sourceFiles([folder], SYSTEM_FILES, nobody, nobody);
  assert.deepEqual([walk.isCut, walk.files], [true, []]);
});
