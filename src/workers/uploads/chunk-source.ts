/** The chunks of one torrent: from the cache of the shard, or read from its files. Two peers that need one chunk cause one read. */
import { type Geometry, lengthOfPiece, offsetOfPiece, servedLength } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { CHUNK_BYTES } from '../../shared/limits.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import type { Chunk } from './chunk.ts';
import type { ChunkCache } from './chunk-cache.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { ReadTurns } from './read-turns.ts';

export class ChunkSource {
  readonly #geometry: Geometry;
  readonly #cache: ChunkCache;
  readonly #turns: ReadTurns;
  readonly #reader: ChunkReader;
  readonly #chunksPerPiece: number;
  readonly #firstKey: number;
  /** By key. */
  readonly #reads = new Map<number, Promise<void>>();
  #isClosed = false;

  constructor(geometry: Geometry, cache: ChunkCache, turns: ReadTurns, reader: ChunkReader) {
    this.#geometry = geometry;
    this.#cache = cache;
    this.#turns = turns;
    this.#reader = reader;
    this.#chunksPerPiece = Math.ceil(geometry.pieceLength / CHUNK_BYTES);
    this.#firstKey = cache.keysFor(this.#keys);
  }

  /** `start`: where the chunk begins in the piece. Null if it is not in the cache. */
  cached(piece: number, start: number): Chunk | null {
    return this.#cache.get(this.#keyOf(piece, start));
  }

  /** A connection was given a part of these chunks. Returns what to call when it has taken them. */
  use(chunks: readonly Chunk[]): () => void {
    for (const chunk of chunks) this.#cache.use(chunk);
    return () => {
      for (const chunk of chunks) this.#cache.used(chunk);
    };
  }

  /** In the cache, or being read. */
  has(piece: number, start: number): boolean {
    const key = this.#keyOf(piece, start);
    return this.#cache.has(key) || this.#reads.has(key);
  }

  /** Resolves when the chunk is in the cache. Rejects with a ReadFault. */
  read(piece: number, start: number): Promise<void> {
    const key = this.#keyOf(piece, start);
    if (this.#cache.has(key)) return Promise.resolve();
    const running = this.#reads.get(key);
    if (running !== undefined) return running;
    const read = this.#turns
      .take(() => this.#load(key, piece as PieceIndex, start))
      .finally(() => this.#reads.delete(key));
    this.#reads.set(key, read);
    return read;
  }

  rename(files: readonly StoredFile[]): void {
    this.#reader.rename(files);
  }

  /** The torrent leaves. */
  close(): void {
    this.#isClosed = true;
    this.#cache.forget(this.#firstKey, this.#keys);
    this.#reader.close();
  }

  async #load(key: number, piece: PieceIndex, start: number): Promise<void> {
    const chunk = this.#cache.blank();
    let isRead = false;
    try {
      const length = Math.min(CHUNK_BYTES, servedLength(this.#geometry, piece) - start);
      const data = Math.max(0, Math.min(length, lengthOfPiece(this.#geometry, piece) - start));
      const views = chunk.views(length);
      if (data < length) for (const view of views) view.fill(0);
      await this.#reader.read(offsetOfPiece(this.#geometry, piece) + start, data, views);
      chunk.fill(piece, start);
      isRead = true;
    } finally {
      if (isRead && !this.#isClosed) this.#cache.add(key, chunk);
      else this.#cache.giveBack(chunk);
    }
  }

  get #keys(): number {
    return this.#geometry.pieceCount * this.#chunksPerPiece;
  }

  #keyOf(piece: number, start: number): number {
    return this.#firstKey + piece * this.#chunksPerPiece + start / CHUNK_BYTES;
  }
}
