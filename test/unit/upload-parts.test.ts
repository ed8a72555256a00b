/** The parts of uploads: the rate limit, the cache of chunks, open files, and which pieces are wholly on disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptPieces } from '../../src/main/storage/kept-pieces.ts';
import { type FileStats, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { CHUNK_BYTES } from '../../src/shared/limits.ts';
import { RateBucket } from '../../src/shared/rate-bucket.ts';
import { Batch } from '../../src/workers/uploads/batch.ts';
import { BlockQueue } from '../../src/workers/uploads/block-queue.ts';
import { Chunk } from '../../src/workers/uploads/chunk.ts';
import { ChunkCache } from '../../src/workers/uploads/chunk-cache.ts';
import { FileLooks } from '../../src/workers/uploads/file-looks.ts';
import { OpenFiles } from '../../src/workers/uploads/open-files.ts';
import { wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;

/** Bytes that several takers get from one bucket in some seconds, each looking every 25 ms. */
function taken(bytesPerS: number, seconds: number, takers = 1): number {
  const memory = RateBucket.allocate(bytesPerS);
  const buckets = Array.from({ length: takers }, () => new RateBucket(memory));
  let bytes = 0;
  for (let ms = 5_000; ms < 5_000 + seconds * 1_000; ms += 25)
    for (const bucket of buckets) while (bucket.take(BLOCK, ms)) bytes += BLOCK;
  return bytes;
}

test('a bucket gives its rate, over ten seconds below 4 MiB/s and over each second above, for one thread and for four', () => {
  for (const [rate, seconds] of [
    [65_536, 10],
    [409_600, 10],
    [4 * 2 ** 20, 1],
    [64 * 2 ** 20, 1],
    [1_000_003, 10],
  ] as const)
    for (const takers of [1, 4]) {
      const share = taken(rate, seconds, takers) / (rate * seconds);
      assert.ok(Math.abs(share - 1) <= 0.05, `${rate} B/s, ${takers} threads: ${share}`);
    }
});

test('a limit of a few bytes a second lets two blocks through at most, and then waits for them', () => {
  const bucket = new RateBucket(RateBucket.allocate(1_000));
  assert.equal(bucket.take(BLOCK, 100_000), true);
  assert.equal(bucket.take(BLOCK, 100_001), true);
  assert.equal(bucket.take(BLOCK, 100_000 + 16_000), false);
  assert.equal(bucket.take(BLOCK, 100_000 + 17_000), true);
});

test('after a pause there is no flood', () => {
  const bucket = new RateBucket(RateBucket.allocate(100_000));
  let blocks = 0;
  while (bucket.take(BLOCK, 10_000_000)) blocks += 1;
  assert.ok(blocks <= 2, `${blocks} blocks`);
});

test('what is spent beyond the limit is owed', () => {
  const bucket = new RateBucket(RateBucket.allocate(1_000));
  bucket.spend(20_000);
  assert.equal(bucket.mayTake(100_000 + 3_000), true, 'it was full');
  bucket.spend(20_000);
  assert.equal(bucket.mayTake(100_000 + 4_000), false);
});

test('a chunk holds its blocks with their heads: neighbours are one stretch of bytes', () => {
  const chunk = new Chunk();
  const length = 2 * BLOCK + 100;
  const content = Buffer.from(Array.from({ length }, (_, i) => i % 251));
  let at = 0;
  for (const view of chunk.views(length)) {
    view.set(content.subarray(at, at + view.length));
    at += view.length;
  }
  chunk.fill(7, CHUNK_BYTES);
  const batch = new Batch();
  const cached = (start: number) => (start === CHUNK_BYTES ? chunk : null);
  for (const [begin, bytes] of [
    [0, BLOCK],
    [BLOCK, BLOCK],
    [2 * BLOCK, 100],
  ] as const)
    assert.ok(batch.add({ piece: 7, begin: CHUNK_BYTES + begin, length: bytes }, cached));
  assert.equal(batch.parts.length, 1);
  const expected = [0, 1, 2].map((i) =>
    wire.piece(7, CHUNK_BYTES + i * BLOCK, content.subarray(i * BLOCK, (i + 1) * BLOCK)),
  );
  assert.deepEqual(Buffer.concat(batch.parts), Buffer.concat(expected));
  const odd = new Batch();
  assert.ok(odd.add({ piece: 7, begin: CHUNK_BYTES + 10, length: BLOCK + 5 }, cached));
  assert.deepEqual(
    Buffer.concat(odd.parts),
    wire.piece(7, CHUNK_BYTES + 10, content.subarray(10, 10 + BLOCK + 5)),
  );
  assert.deepEqual([batch.bytes, odd.bytes], [length, BLOCK + 5]);
  assert.equal(odd.add({ piece: 7, begin: 0, length: BLOCK }, cached), false, 'not in the cache');
});

test('the cache keeps what was used last; memory is used again when no connection needs it', () => {
  const cache = new ChunkCache(3 * CHUNK_BYTES);
  const first = cache.keysFor(10);
  const chunks = Array.from({ length: 4 }, () => cache.blank());
  for (const [i, chunk] of chunks.slice(0, 3).entries()) cache.add(first + i, chunk);
  cache.get(first);
  cache.use(chunks[1] as Chunk);
  cache.add(first + 3, chunks[3] as Chunk);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => cache.has(first + i)),
    [true, false, true, true],
  );
  const other = cache.keysFor(2);
  cache.add(other, cache.blank());
  cache.forget(first, 10);
  assert.deepEqual([cache.size, cache.has(other)], [1, true]);
  const reused = [cache.blank(), cache.blank()];
  assert.ok(!reused.includes(chunks[1] as Chunk), 'a connection still needs it');
  cache.giveBack(reused[0] as Chunk);
  assert.equal(cache.blank(), reused[0]);
});

test('open files are bounded, shared, and closed after the last read', async () => {
  const log: string[] = [];
  let next = 10;
  const system = { ...SYSTEM_FILES, close: (descriptor: number) => void log.push(`close ${descriptor}`) };
  const files = new OpenFiles(system, 2);
  const torrent = { openToRead: async () => next++ };
  let finish = (): void => {};
  const slow = files.with(
    torrent,
    0,
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await files.with(torrent, 0, async ({ descriptor }) => assert.equal(descriptor, 10, 'the same one'));
  await files.with(torrent, 1, async () => {});
  await files.with(torrent, 2, async () => {});
  assert.deepEqual(log, ['close 11'], 'not the one that is being read');
  files.release(torrent);
  assert.deepEqual(log, ['close 11', 'close 12']);
  finish();
  await slow;
  assert.deepEqual([log.at(-1), files.count], ['close 10', 0]);
});

test('readers that come while a file is being opened wait for it; a failure is tried again', async () => {
  const log: string[] = [];
  const system = { ...SYSTEM_FILES, close: (descriptor: number) => void log.push(`close ${descriptor}`) };
  const files = new OpenFiles(system, 2);
  let tries = 0;
  const torrent = {
    openToRead: async () => {
      tries += 1;
      await new Promise(setImmediate);
      if (tries === 1) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return 10;
    },
  };
  const read = () => files.with(torrent, 0, async ({ descriptor }) => descriptor);
  const [first, second] = await Promise.allSettled([read(), read()]);
  assert.deepEqual([first.status, second.status, tries, files.count], ['rejected', 'rejected', 1, 0]);
  assert.deepEqual([...(await Promise.all([read(), read()])), tries], [10, 10, 2]);
  const late = files.with(torrent, 1, async ({ descriptor }) => descriptor);
  files.release(torrent);
  assert.deepEqual(log, ['close 10'], 'the other is not open yet');
  assert.equal(await late, 10);
  assert.deepEqual([log.length, files.count], [2, 0]);
});

test('each reader gets a look at the file that began after it asked', async () => {
  let begun = 0;
  const looks = new FileLooks(async () => {
    const size = BigInt(++begun);
    await new Promise(setImmediate);
    return { size } as FileStats;
  });
  const first = looks.ask();
  const later = [looks.ask(), looks.ask(), looks.ask()];
  const sizes = (await Promise.all([first, ...later])).map(({ size }) => Number(size));
  assert.deepEqual(sizes, [1, 2, 2, 2]);
  assert.equal(Number((await looks.ask()).size), 3);
});

test('requests leave in their order; one may be taken back', () => {
  const queue = new BlockQueue();
  const block = (piece: number) => ({ piece, begin: 0, length: BLOCK });
  for (let piece = 0; piece < 200; piece++) queue.add(block(piece));
  for (let piece = 0; piece < 100; piece++) {
    assert.equal(queue.first?.piece, piece);
    queue.shift();
  }
  assert.equal(queue.cancel(block(5)), false, 'it is gone');
  assert.equal(queue.cancel(block(150)), true);
  assert.deepEqual([queue.size, queue.ahead(2).map(({ piece }) => piece)], [99, [100, 101]]);
  assert.equal(queue.clear().length, 99);
  assert.deepEqual([queue.size, queue.first], [0, null]);
});

test('with a selection, the pieces at its borders are not kept; padding is', () => {
  const g = geometry(40, 10);
  const all = [
    { path: 'a', offset: 0, length: 25 },
    { path: 'b', offset: 25, length: 15 },
  ];
  assert.equal(keptPieces({ files: all, padding: [] }, g), null);
  assert.deepEqual([...(keptPieces({ files: all.slice(0, 1), padding: [] }, g) ?? [])], [1, 1, 0, 0]);
  assert.deepEqual(
    [...(keptPieces({ files: all.slice(0, 1), padding: [{ offset: 25, length: 5 }] }, g) ?? [])],
    [1, 1, 1, 0],
  );
});
