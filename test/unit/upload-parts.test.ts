/** The parts of uploads: the rate limit, the cache of chunks, open files, and which pieces are wholly on disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptPieces } from '../../src/main/storage/kept-pieces.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { geometry } from '../../src/shared/geometry.ts';
import { RateBucket } from '../../src/shared/rate-bucket.ts';
import { BlockQueue } from '../../src/workers/uploads/block-queue.ts';
import { ChunkCache } from '../../src/workers/uploads/chunk-cache.ts';
import { OpenFiles } from '../../src/workers/uploads/open-files.ts';

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

test('the cache keeps what was used last, within its bytes', () => {
  const cache = new ChunkCache(3_000);
  const first = cache.keysFor(10);
  for (let i = 0; i < 3; i++) cache.add(first + i, Buffer.alloc(1_000));
  cache.get(first);
  cache.add(first + 3, Buffer.alloc(1_000));
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => cache.has(first + i)),
    [true, false, true, true],
  );
  cache.add(first + 4, Buffer.alloc(5_000));
  assert.equal(cache.bytes, 5_000, 'one that is larger stays alone');
  const other = cache.keysFor(2);
  cache.add(other, Buffer.alloc(10));
  cache.forget(first, 10);
  assert.deepEqual([cache.bytes, cache.has(other)], [10, true]);
});

test('open files are bounded, shared, and closed after the last read', async () => {
  const log: string[] = [];
  let next = 10;
  const system = { ...SYSTEM_FILES, close: (descriptor: number) => void log.push(`close ${descriptor}`) };
  const files = new OpenFiles(system, 2);
  const torrent = { open: () => next++, release: () => log.push('release') };
  let finish = (): void => {};
  const slow = files.with(
    torrent,
    0,
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await files.with(torrent, 0, async (descriptor) => assert.equal(descriptor, 10, 'the same one'));
  await files.with(torrent, 1, async () => {});
  await files.with(torrent, 2, async () => {});
  assert.deepEqual(log, ['close 11'], 'not the one that is being read');
  files.release(torrent);
  assert.deepEqual(log, ['close 11', 'close 12', 'release']);
  finish();
  await slow;
  assert.deepEqual([log.at(-1), files.count], ['close 10', 0]);
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
