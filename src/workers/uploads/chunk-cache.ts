/**
 * Chunks of verified pieces that a shard has read to send them, of all its torrents. The one that was not used for the longest
 * time leaves first, and its memory is used again when no connection needs it any more. A chunk never crosses the end of a piece,
 * so its bytes do not change.
 */
import { CHUNK_BYTES } from '../../shared/limits.ts';
import { Chunk } from './chunk.ts';

/** Chunks that wait to be used again. */
const MOST_FREE = 64;

export class ChunkCache {
  readonly #most: number;
  /** By key; the last used one is the last. */
  readonly #chunks = new Map<number, Chunk>();
  readonly #free: Chunk[] = [];
  #nextKey = 0;

  constructor(mostBytes: number) {
    this.#most = Math.max(1, Math.floor(mostBytes / CHUNK_BYTES));
  }

  get size(): number {
    return this.#chunks.size;
  }

  /** Keys for the chunks of one torrent: the first of `count` consecutive numbers that nobody else uses. */
  keysFor(count: number): number {
    const first = this.#nextKey;
    this.#nextKey += count;
    return first;
  }

  get(key: number): Chunk | null {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return null;
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  has(key: number): boolean {
    return this.#chunks.has(key);
  }

  /** A chunk to read into. What it holds is old. */
  blank(): Chunk {
    return this.#free.pop() ?? new Chunk();
  }

  add(key: number, chunk: Chunk): void {
    this.#drop(key);
    chunk.isCached = true;
    this.#chunks.set(key, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= this.#most) return;
      this.#drop(oldest);
    }
  }

  /** A connection was given a part of it. */
  use(chunk: Chunk): void {
    chunk.users += 1;
  }

  /** The connection has taken that part. If it closed before, this is not called: then the memory is not used again. */
  used(chunk: Chunk): void {
    chunk.users -= 1;
    this.#recycle(chunk);
  }

  /** Drops the chunks of a torrent that leaves. */
  forget(first: number, count: number): void {
    for (const key of [...this.#chunks.keys()]) if (key >= first && key < first + count) this.#drop(key);
  }

  #drop(key: number): void {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    this.#chunks.delete(key);
    chunk.isCached = false;
    this.#recycle(chunk);
  }

  #recycle(chunk: Chunk): void {
    if (!chunk.isCached && chunk.users === 0 && this.#free.length < MOST_FREE) this.#free.push(chunk);
  }
}
