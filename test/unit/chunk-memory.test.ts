/** How much memory the chunks of a shard take while many peers want different ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { geometry } from '../../src/shared/geometry.ts';
import { CHUNK_BYTES, CHUNK_READS } from '../../src/shared/limits.ts';
import type { Chunk } from '../../src/workers/uploads/chunk.ts';
import { ChunkCache } from '../../src/workers/uploads/chunk-cache.ts';
import type { ChunkReader } from '../../src/workers/uploads/chunk-reader.ts';
import { ChunkSource } from '../../src/workers/uploads/chunk-source.ts';
import { ReadTurns } from '../../src/workers/uploads/read-turns.ts';
import { UploadBook } from '../../src/workers/uploads/upload-book.ts';

const CHUNKS = 500;

test('chunks that are read at one time take the place of old ones: no more memory than the cache may have', () => {
  const cache = new ChunkCache(4 * CHUNK_BYTES);
  const seen = new Set<Chunk>();
  for (let key = 0; key < 60; key += 3) {
    const blanks = [cache.blank(), cache.blank(), cache.blank()];
    for (const blank of blanks) seen.add(blank);
    // One of the three cannot be read.
    cache.giveBack(blanks.pop() as Chunk);
    for (const [i, blank] of blanks.entries()) cache.add(key + i, blank);
  }
  // The fourth was given back last.
  assert.deepEqual([seen.size, cache.size], [4, 3]);
});

test('a chunk that a connection needs is not read into, and what was made beyond the limit is not kept', () => {
  const cache = new ChunkCache(2 * CHUNK_BYTES);
  const sent = [cache.blank(), cache.blank()];
  for (const [key, chunk] of sent.entries()) {
    cache.add(key, chunk);
    cache.use(chunk);
  }
  const beyond = cache.blank();
  assert.ok(!sent.includes(beyond));
  cache.add(2, beyond);
  for (const chunk of sent) cache.used(chunk);
  // The second one lies in the cache and is the oldest; the first had left it, and is not kept beside the full cache.
  assert.equal(cache.blank(), sent[1]);
});

test('memory that a connection has taken is read into again', () => {
  const cache = new ChunkCache(3 * CHUNK_BYTES);
  const sent = cache.blank();
  cache.add(0, sent);
  cache.use(sent);
  cache.forget(0, 1);
  const other = cache.blank();
  assert.notEqual(other, sent);
  cache.used(sent);
  assert.equal(cache.blank(), sent);
});

/** A reader whose reads end when the test says so. */
class HeldReader {
  readonly running: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly memory = new Set<ArrayBufferLike>();
  most = 0;

  read(_offset: number, _length: number, [view]: readonly Uint8Array[]): Promise<void> {
    this.memory.add((view as Uint8Array).buffer);
    return new Promise((resolve, reject) => {
      this.running.push({ resolve, reject });
      this.most = Math.max(this.most, this.running.length);
    });
  }

  close(): void {}
}

test('hundreds of reads that wait take no memory, and a read that fails lets the next one go', async () => {
  const reader = new HeldReader();
  const cache = new ChunkCache(16 * CHUNK_BYTES);
  const plan = geometry(CHUNKS * CHUNK_BYTES, CHUNK_BYTES);
  const source = new ChunkSource(plan, cache, new ReadTurns(CHUNK_READS), reader as unknown as ChunkReader);
  const reads = Promise.allSettled(
    Array.from({ length: CHUNKS }, (_, piece) => source.read(piece, 0).then((held) => held?.release())),
  );
  let ended = 0;
  while (ended < CHUNKS) {
    const read = reader.running.shift();
    if (read === undefined) await new Promise(setImmediate);
    else if (ended++ % 5 === 0) read.reject(new Error('no disk'));
    else read.resolve();
  }
  const rejected = (await reads).filter(({ status }) => status === 'rejected').length;
  assert.deepEqual([reader.most, rejected, source.cached(1, 0)], [CHUNK_READS, CHUNKS / 5, null]);
  assert.ok(reader.memory.size <= 16, `${reader.memory.size} chunks`);
});

test('slow connections hold all other chunks: what was just read is there for those who waited for it', async () => {
  const reader = { read: async () => {}, close: () => {} } as unknown as ChunkReader;
  const cache = new ChunkCache(16 * CHUNK_BYTES);
  const plan = geometry(CHUNKS * CHUNK_BYTES, CHUNK_BYTES);
  const source = new ChunkSource(plan, cache, new ReadTurns(CHUNK_READS), reader);
  for (let held = 0; held < 16; held++) {
    source.use([(await source.read(held, 0))?.chunk as Chunk]);
  }
  let missed = 0;
  const get = async (piece: number): Promise<void> => {
    const held = await source.read(piece, 0);
    if (source.cached(piece, 0) === null) missed += 1;
    held?.release();
  };
  await Promise.all(Array.from({ length: 200 }, (_, i) => get(100 + i)));
  assert.deepEqual([missed, cache.size], [0, 16]);
});

test('a connection that is closed before it has taken its batch holds no place in the cache, and its memory is not used again', async () => {
  const cache = new ChunkCache(2 * CHUNK_BYTES);
  const plan = geometry(CHUNKS * CHUNK_BYTES, CHUNK_BYTES);
  const reader = { read: async () => {}, close: () => {} } as unknown as ChunkReader;
  const source = new ChunkSource(plan, cache, new ReadTurns(CHUNK_READS), reader);
  const memory: Chunk[] = [];
  for (let piece = 0; piece < 20; piece++) {
    const held = await source.read(piece, 0);
    const chunk = held?.chunk as Chunk;
    assert.ok(!memory.includes(chunk));
    memory.push(chunk);
    const book = new UploadBook();
    book.write(CHUNK_BYTES, source.use([chunk]), 0);
    held?.release();
    assert.equal(book.sending, true);
    book.closed();
    assert.deepEqual([book.sending, cache.size], [false, 0]);
  }
});
