/**
 * A part of a piece in memory, ready to be sent: each block of 16 KiB has its head in front of it, as on the wire (BEP 3). So
 * blocks that follow each other leave as one stretch of bytes, and nothing is made for each of them.
 */
import { BLOCK_BYTES, CHUNK_BYTES } from '../../shared/limits.ts';
import { BLOCK_HEAD_BYTES, writeBlockHead } from '../wire/encoder.ts';

/** From one block to the next. */
const STRIDE = BLOCK_HEAD_BYTES + BLOCK_BYTES;
const BLOCKS = CHUNK_BYTES / BLOCK_BYTES;

export class Chunk {
  readonly memory = Buffer.allocUnsafeSlow(BLOCKS * STRIDE);
  /** Connections that have not taken all of what they were given of it. */
  users = 0;
  /** The cache has it. */
  isCached = false;
  #length = 0;

  /** Where the bytes of the piece go, block by block. `length`: of them all. */
  views(length: number): Uint8Array[] {
    this.#length = length;
    const views: Uint8Array[] = [];
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const from = this.#dataAt(at);
      views.push(this.memory.subarray(from, from + Math.min(BLOCK_BYTES, length - at)));
    }
    return views;
  }

  /** The bytes are there. `start`: where the chunk begins in the piece. */
  fill(piece: number, start: number): void {
    for (let at = 0, head = 0; at < this.#length; at += BLOCK_BYTES, head += STRIDE)
      writeBlockHead(this.memory, head, piece, start + at, Math.min(BLOCK_BYTES, this.#length - at));
  }

  /**
   * Where the block is, its head included: `[from, to)` of the memory. Null if the stretch is not exactly one block. `at`: where
   * it begins in the chunk.
   */
  blockAt(at: number, length: number): { readonly from: number; readonly to: number } | null {
    if (at % BLOCK_BYTES !== 0 || length !== Math.min(BLOCK_BYTES, this.#length - at)) return null;
    const from = (at / BLOCK_BYTES) * STRIDE;
    return { from, to: from + BLOCK_HEAD_BYTES + length };
  }

  /** The bytes `[at, to)` of the chunk without heads, in parts. */
  bytes(at: number, to: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    for (let from = at; from < to; ) {
      const end = Math.min(to, from - (from % BLOCK_BYTES) + BLOCK_BYTES);
      parts.push(this.memory.subarray(this.#dataAt(from), this.#dataAt(from) + (end - from)));
      from = end;
    }
    return parts;
  }

  #dataAt(at: number): number {
    return Math.floor(at / BLOCK_BYTES) * STRIDE + BLOCK_HEAD_BYTES + (at % BLOCK_BYTES);
  }
}
