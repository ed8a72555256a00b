/**
 * Chunks of verified pieces that a shard has read to send them, of all its torrents. The one that was not used for the longest
 * time leaves first. A chunk never crosses the end of a piece, so its bytes do not change.
 */
export class ChunkCache {
  readonly #mostBytes: number;
  /** By key; the last used one is the last. */
  readonly #chunks = new Map<number, Buffer>();
  #bytes = 0;
  #nextKey = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keys for the chunks of one torrent: the first of `count` consecutive numbers that nobody else uses. */
  keysFor(count: number): number {
    const first = this.#nextKey;
    this.#nextKey += count;
    return first;
  }

  get(key: number): Buffer | null {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return null;
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk;
  }

  has(key: number): boolean {
    return this.#chunks.has(key);
  }

  add(key: number, chunk: Buffer): void {
    this.#drop(key);
    this.#chunks.set(key, chunk);
    this.#bytes += chunk.length;
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes <= this.#mostBytes || oldest === key) return;
      this.#drop(oldest);
    }
  }

  /** Drops the chunks of a torrent that leaves. */
  forget(first: number, count: number): void {
    for (const key of [...this.#chunks.keys()]) if (key >= first && key < first + count) this.#drop(key);
  }

  #drop(key: number): void {
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return;
    this.#chunks.delete(key);
    this.#bytes -= chunk.length;
  }
}
