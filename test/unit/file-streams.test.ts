/** A file that is read while its torrent downloads: which bytes are given out, when, and what is left behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fstatSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileReaders } from '../../src/main/download/file-reader.ts';
import { type FileSource, FileStream } from '../../src/main/download/file-stream.ts';
import { PieceWaits } from '../../src/main/download/piece-waits.ts';
import { RaisedPieces } from '../../src/main/download/raised-pieces.ts';
import { Failure } from '../../src/main/failure.ts';
import type { StoragePlan } from '../../src/main/storage/storage-plan.ts';
import type { TorrentFile } from '../../src/main/torrent/file-list.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { READER_CHUNK_BYTES, READER_WINDOW_BYTES } from '../../src/shared/limits.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
let files = 0;

/** A file of `length` bytes that begins at `offset` of its torrent; its bytes are on disk, whether they are verified or not. */
function onDisk(length: number, offset: number, pieceLength: number) {
  const bytes = Buffer.alloc(length, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
  const path = join(folder, `file${files++}`);
  writeFileSync(path, bytes);
  const g = geometry(offset + length + 10, pieceLength);
  const ledger = new Ledger(Ledger.allocate(g.pieceCount));
  const waits = new PieceWaits(ledger);
  const descriptors: number[] = [];
  const source: FileSource = {
    system: SYSTEM_FILES,
    file: { path, offset, length },
    geometry: g,
    waits,
    raised: new RaisedPieces(ledger),
    open: () => {
      descriptors.push(openSync(path, 'r'));
      return descriptors.at(-1) as number;
    },
    assertWritten: () => {},
  };
  const verify = (...pieces: number[]): void => {
    for (const piece of pieces as PieceIndex[]) {
      ledger.verify(piece);
      waits.verified(piece);
    }
  };
  const assertClosed = (): void => {
    for (const descriptor of descriptors) assert.throws(() => fstatSync(descriptor), { code: 'EBADF' });
  };
  return { source, bytes, ledger, verify, descriptors, assertClosed, path };
}

async function all(stream: FileStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test('bytes come piece by piece as they are verified, in order, and never before', async () => {
  const { source, bytes, ledger, verify, assertClosed } = onDisk(300, 50, 64);
  const stream = new FileStream(source, 5, 290);
  assert.deepEqual(
    ledger.urgentPieces(),
    [0, 1, 2, 3, 4, 5],
    'pieces 0 to 5 have bytes 5 to 290 of the file',
  );
  const given: Buffer[] = [];
  stream.on('data', (part: Buffer) => given.push(part));
  verify(1, 2, 5);
  await new Promise(setImmediate);
  assert.equal(given.length, 0, 'the first piece is not there');
  verify(0);
  await once(stream, 'data');
  assert.deepEqual(Buffer.concat(given), bytes.subarray(5, 3 * 64 - 50), 'up to the first gap');
  assert.deepEqual(ledger.urgentPieces(), [3, 4, 5]);
  verify(4);
  await new Promise(setImmediate);
  assert.equal(given.length, 1);
  verify(3);
  await once(stream, 'close');
  assert.deepEqual(Buffer.concat(given), bytes.subarray(5, 290));
  assert.deepEqual(ledger.urgentPieces(), []);
  assertClosed();
});

test('a slow consumer slows the stream and its window down', async () => {
  const pieceLength = 2 ** 20;
  const { source, verify, ledger } = onDisk(24 * pieceLength, 0, pieceLength);
  verify(0, 1, 2);
  const stream = new FileStream(source, 0, 24 * pieceLength);
  const window = READER_WINDOW_BYTES / pieceLength;
  stream.read();
  await once(stream, 'readable');
  await new Promise(setImmediate);
  assert.ok(stream.readableLength <= 2 * READER_CHUNK_BYTES, `${stream.readableLength} bytes are kept`);
  assert.equal(ledger.urgentPieces().at(-1), window, 'one byte of the last piece lies in the window');
  for (let read = 0; read < 2 * pieceLength; ) {
    const part = stream.read() as Buffer | null;
    if (part === null) await once(stream, 'readable');
    read += part?.length ?? 0;
  }
  const last = ledger.urgentPieces().at(-1) ?? 0;
  assert.ok(last === window + 1 || last === window + 2, `${last}`);
  stream.destroy();
  await once(stream, 'close');
  assert.deepEqual(ledger.urgentPieces(), []);
});

test('a stream that is destroyed while it waits, or while it reads, closes its file and gives its window back', async () => {
  const { source, verify, ledger, assertClosed, descriptors } = onDisk(300, 0, 64);
  ledger.setPriority([4 as PieceIndex], PRIORITY.low);
  verify(0);
  const reads = new FileStream(source, 0, 300);
  reads.read();
  assert.equal(descriptors.length, 1, 'a read is under way');
  const waits = new FileStream(source, 64, 300);
  waits.read();
  assert.equal(ledger.priorityOf(4 as PieceIndex), PRIORITY.now);
  const closed = [once(reads, 'close'), once(waits, 'close')];
  reads.destroy();
  assert.equal(ledger.priorityOf(4 as PieceIndex), PRIORITY.now, 'the other reader waits for it still');
  waits.destroy();
  await Promise.all(closed);
  assert.equal(ledger.priorityOf(4 as PieceIndex), PRIORITY.low, 'as it was before');
  assert.deepEqual(ledger.urgentPieces(), []);
  assertClosed();
  verify(1);
});

test('bytes that were not written, or were cut off, are a disk failure', async () => {
  const stranger = onDisk(100, 0, 64);
  stranger.verify(0, 1);
  const assertWritten = (): void => {
    throw new Failure('disk', 'its content differs from the torrent');
  };
  await assert.rejects(all(new FileStream({ ...stranger.source, assertWritten }, 0, 100)), { code: 'disk' });
  const cut = onDisk(100, 0, 64);
  cut.verify(0, 1);
  truncateSync(cut.path, 50);
  await assert.rejects(all(new FileStream(cut.source, 0, 100)), /the file became shorter/);
  cut.assertClosed();
});

const fileOf = (path: string[], offset: number, more: Partial<TorrentFile> = {}): TorrentFile => ({
  path,
  rawPath: path,
  urlSpellings: [],
  length: 100,
  offset,
  padding: false,
  link: null,
  ...more,
});

test('a file is named by its path below the torrent; a missing or unselected file, a link and padding are refused', () => {
  const listed = [
    fileOf(['t', 'a'], 0),
    fileOf(['t', '.pad', '28'], 100, { length: 28, padding: true }),
    fileOf(['t', 'sub', 'b'], 128),
    fileOf(['t', 'sub', 'c'], 228),
    fileOf(['t', 'empty'], 328, { length: 0 }),
    fileOf(['t', 'link'], 328, { length: 0, link: ['a'] }),
  ];
  const stored = [0, 2, 4].map((i) => listed[i] as TorrentFile);
  const plan = { files: stored.map(({ offset, length }) => ({ path: '/x', offset, length })) } as unknown;
  const ledger = new Ledger(Ledger.allocate(6));
  const torrent = { name: 't', files: listed, geometry: geometry(328, 64) };
  const readers = new FileReaders(torrent, plan as StoragePlan, null, ledger);
  assert.equal(readers.file('sub/b').length, 100);
  const stream = readers.file('sub/b').stream({ start: 70 });
  assert.deepEqual(ledger.urgentPieces(), [3]);
  stream.destroy();
  for (const path of ['sub/c', 'link', '.pad/28', 'b', '', '../a'])
    assert.throws(() => readers.file(path), { code: 'usage' }, path);
  for (const range of [
    { start: -1 },
    { start: 101 },
    { start: 9, end: 7 },
    { start: 0.5 },
    { end: Number.NaN },
  ])
    assert.throws(() => readers.file('a').stream(range), { code: 'usage' }, JSON.stringify(range));
});

test('an empty file, and an empty range, end at once', async () => {
  const { source } = onDisk(100, 0, 64);
  assert.equal((await all(new FileStream(source, 100, 100))).length, 0);
});

test('when the download ends, a stream whose bytes are all verified continues, and others fail', async () => {
  const { source, bytes, verify, descriptors } = onDisk(300, 0, 64);
  verify(0, 1);
  const has = new FileStream(source, 10, 128);
  const lacks = new FileStream(source, 100, 300);
  const ended = new Failure('timeout', 'no peer');
  for (const stream of [has, lacks]) stream.downloadEnded(ended);
  assert.equal(descriptors.length, 1, 'the file is open before the folder is let go');
  await assert.rejects(all(lacks), { code: 'timeout' });
  assert.deepEqual(await all(has), bytes.subarray(10, 128));
});
