/** Hashes of the blocks of a piece that we have (BEP 52), read as peers' requests are, a chunk at a time. */
import type { PieceIndex } from '../../shared/indices.ts';
import { CHUNK_BYTES, MAX_LEAF_READS } from '../../shared/limits.ts';
import { leavesOf } from '../../shared/merkle.ts';
import type { ChunkSource } from './chunk-source.ts';

/** `bytes`: how many bytes of the piece belong to its file. `done` gets null if it cannot be read now. */
export type LeavesOf = (piece: PieceIndex, bytes: number, done: (leaves: Uint8Array | null) => void) => void;

export class LeafHashes {
  readonly #chunks: ChunkSource;
  #waiting = 0;
  /** One piece after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(chunks: ChunkSource) {
    this.#chunks = chunks;
  }

  /** Null if it cannot be read, or if too many others wait. */
  async of(piece: PieceIndex, bytes: number): Promise<Uint8Array | null> {
    if (this.#waiting >= MAX_LEAF_READS) return null;
    this.#waiting += 1;
    const leaves = this.#last.then(() => this.#read(piece, bytes));
    this.#last = leaves;
    try {
      return await leaves;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #read(piece: PieceIndex, bytes: number): Promise<Uint8Array | null> {
    try {
      const leaves: Uint8Array[] = [];
      for (let start = 0; start < bytes; start += CHUNK_BYTES) {
        const held = await this.#chunks.read(piece, start);
        if (held === null) return null;
        const length = Math.min(CHUNK_BYTES, bytes - start);
        leaves.push(leavesOf(Buffer.concat(held.chunk.bytes(0, length))));
        held.release();
      }
      return Buffer.concat(leaves);
    } catch {
      // A fault of the disk is found and told where blocks are given.
      return null;
    }
  }
}
