/**
 * Chunks of verified pieces that a shard has read to send them, of all its torrents. The one that was not used for the longest
 * time leaves first, as soon as another is to be read: its memory is used again, unless a connection still needs it. So there are
 * no more chunks than the limit says, except while more are being sent or read. A chunk never crosses the end of a piece, so its
 * bytes do not change.
 */
import { CHUNK_BYTES } from '../../shared/limits.ts';
import { Chunk } from './chunk.ts';

export class ChunkCache {
  readonly #most: number;
  /** By key; the last used one is the last. */
  readonly #chunks = new Map<number, Chunk>();
  /** They wait to be used again. */
  readonly #free: Chunk[] = [];
  /** Chunks that are read into. */
  #blanks = 0;
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

  /** A chunk to read into, for `add` or `giveBack`. What it holds is old. */
  blank(): Chunk {
    if (this.#free.length === 0 && this.#chunks.size + this.#blanks >= this.#most) this.#dropUnused();
    this.#blanks += 1;
    return this.#free.pop() ?? new Chunk();
  }

  /** It could not be read, or is not needed any more. */
  giveBack(blank: Chunk): void {
    this.#blanks -= 1;
    this.#recycle(blank);
  }

  add(key: number, chunk: Chunk): void {
    this.#blanks -= 1;
    this.#drop(key);
    chunk.isCached = true;
    this.#chunks.set(key, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= this.#most) return;
      this.#drop(oldest);
    }
  }

  /** A connection was given a part of it, or somebody waits for it. */
  use(chunk: Chunk): void {
    chunk.users += 1;
  }

  /** The connection has taken that part, or nobody waits any more. */
  used(chunk: Chunk): void {
    chunk.users -= 1;
    this.#recycle(chunk);
  }

  /** The connection was closed before it had taken that part. The system may still read the memory, so it is not used again. */
  abandon(chunk: Chunk): void {
    for (const [key, one] of this.#chunks) if (one === chunk) this.#drop(key);
  }

  /** Drops the chunks of a torrent that leaves. */
  forget(first: number, count: number): void {
    for (const key of [...this.#chunks.keys()]) if (key >= first && key < first + count) this.#drop(key);
  }

  #dropUnused(): void {
    for (const [key, { users }] of this.#chunks) if (users === 0) return this.#drop(key);
  }

  #drop(key: number): void {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    this.#chunks.delete(key);
    chunk.isCached = false;
    this.#recycle(chunk);
  }

  /** One beyond the limit was made while many were needed, and is not needed any more. */
  #recycle(chunk: Chunk): void {
    if (chunk.isCached || chunk.users > 0) return;
    const kept = this.#chunks.size + this.#blanks + this.#free.length;
    if (kept < this.#most) this.#free.push(chunk);
  }
}
