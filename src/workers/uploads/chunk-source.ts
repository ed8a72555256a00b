/** The chunks of one torrent: from the cache of the shard, or read from its files. Two peers that need one chunk cause one read. */
import { type Geometry, lengthOfPiece, offsetOfPiece, servedLength } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { CHUNK_BYTES } from '../../shared/limits.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import type { Chunk } from './chunk.ts';
import type { ChunkCache } from './chunk-cache.ts';
import type { ChunkReader } from './chunk-reader.ts';
import type { ReadTurns } from './read-turns.ts';

/** What a connection was given: exactly one of these is called. */
export interface ChunkUse {
  /** It has taken all of it. */
  end(): void;
  /** It was closed before. */
  abandon(): void;
}

/** A chunk that stays in the cache until it is released. */
export interface HeldChunk {
  readonly chunk: Chunk;
  release(): void;
}

interface Reading {
  /** Null: the torrent has left. */
  chunk: Promise<Chunk | null>;
  /** Those who wait for it. */
  waiting: number;
}

export class ChunkSource {
  readonly #geometry: Geometry;
  readonly #cache: ChunkCache;
  readonly #turns: ReadTurns;
  readonly #reader: ChunkReader;
  readonly #chunksPerPiece: number;
  readonly #firstKey: number;
  /** By key. */
  readonly #reads = new Map<number, Reading>();
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

  /** A connection was given a part of these chunks. */
  use(chunks: readonly Chunk[]): ChunkUse {
    for (const chunk of chunks) this.#cache.use(chunk);
    return {
      end: () => {
        for (const chunk of chunks) this.#cache.used(chunk);
      },
      abandon: () => {
        for (const chunk of chunks) this.#cache.abandon(chunk);
      },
    };
  }

  /**
   * The chunk, from the cache or the disk; null: the torrent has left meanwhile. It is held from the moment when it is there: between
   * that and the moment when the caller goes on, other reads take memory. Rejects with a ReadFault.
   */
  async read(piece: number, start: number): Promise<HeldChunk | null> {
    const cached = this.cached(piece, start);
    if (cached !== null) this.#cache.use(cached);
    const chunk = cached ?? (await this.#awaited(piece, start));
    return chunk === null ? null : { chunk, release: () => this.#cache.used(chunk) };
  }

  /** Reads it if it is not there. Nobody waits for it, so a fault is found when it is needed. */
  ahead(piece: number, start: number): void {
    const key = this.#keyOf(piece, start);
    if (this.#cache.has(key) || this.#reads.has(key)) return;
    this.#reading(piece, start).chunk.catch(() => {});
  }

  #awaited(piece: number, start: number): Promise<Chunk | null> {
    const reading = this.#reading(piece, start);
    reading.waiting += 1;
    return reading.chunk;
  }

  #reading(piece: number, start: number): Reading {
    const key = this.#keyOf(piece, start);
    const running = this.#reads.get(key);
    if (running !== undefined) return running;
    const reading: Reading = { chunk: Promise.resolve(null), waiting: 0 };
    this.#reads.set(key, reading);
    reading.chunk = this.#turns.take(() => this.#load(reading, piece as PieceIndex, start));
    return reading;
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

  async #load(reading: Reading, piece: PieceIndex, start: number): Promise<Chunk | null> {
    const key = this.#keyOf(piece, start);
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
      this.#reads.delete(key);
      if (isRead && !this.#isClosed) this.#cache.add(key, chunk);
      else this.#cache.giveBack(chunk);
    }
    if (this.#isClosed) return null;
    for (let holders = 0; holders < reading.waiting; holders++) this.#cache.use(chunk);
    return chunk;
  }

  get #keys(): number {
    return this.#geometry.pieceCount * this.#chunksPerPiece;
  }

  #keyOf(piece: number, start: number): number {
    return this.#firstKey + piece * this.#chunksPerPiece + start / CHUNK_BYTES;
  }
}
