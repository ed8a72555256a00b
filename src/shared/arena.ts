/**
 * The arena: a fixed number of piece-sized slots in shared memory. Sockets read into it, hashers read from it, and a
 * download that finds no free slot asks for nothing new: that is the whole back-pressure and the whole memory bound.
 *
 * Each slot has an owner word, the piece it holds, a count of received blocks and two bitmaps:
 *  - taken: somebody writes, or has written, this block. Whoever sets the bit alone may touch the block's bytes.
 *  - received: every byte of the block is there. A received block is taken; a slot with all blocks received can
 *    have no writer, so it can be hashed and written to disk while sockets go on.
 * A writer that gives up clears its taken bit. Free slots are found from the low end: the hot ones stay in the cache.
 */
import type { Geometry } from './geometry.ts';
import { blocksOfPiece, lengthOfPiece } from './geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from './indices.ts';
import { slotIndex } from './indices.ts';
import { BLOCK_BYTES } from './limits.ts';

export interface ArenaMemory {
  readonly slotCount: number;
  readonly geometry: Geometry;
  readonly data: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
}

const OWNER = 0;
const PIECE = 1;
const RECEIVED_COUNT = 2;
const HEADER_WORDS = 3;

export class Arena {
  readonly slotCount: number;
  readonly geometry: Geometry;
  readonly #slotBytes: number;
  readonly #bitmapWords: number;
  readonly #slotWords: number;
  readonly #words: Int32Array;
  readonly #data: Uint8Array;

  constructor(memory: ArenaMemory) {
    this.slotCount = memory.slotCount;
    this.geometry = memory.geometry;
    this.#slotBytes = slotBytes(memory.geometry);
    this.#bitmapWords = Math.ceil(memory.geometry.blocksPerPiece / 32);
    this.#slotWords = HEADER_WORDS + 2 * this.#bitmapWords;
    this.#words = new Int32Array(memory.words);
    this.#data = new Uint8Array(memory.data);
  }

  /** Throws RangeError where not even one piece fits into `memoryBytes`. */
  static allocate(g: Geometry, memoryBytes: number): ArenaMemory {
    const bytes = slotBytes(g);
    const slotCount = Math.min(Math.floor(memoryBytes / bytes), g.pieceCount);
    if (slotCount < 1) {
      throw new RangeError(
        `one piece of this torrent takes ${bytes} bytes: more than --memory ${memoryBytes}`,
      );
    }
    const slotWords = HEADER_WORDS + 2 * Math.ceil(g.blocksPerPiece / 32);
    return {
      slotCount,
      geometry: g,
      data: new SharedArrayBuffer(slotCount * bytes),
      words: new SharedArrayBuffer(slotCount * slotWords * 4),
    };
  }

  /** A free slot, now this shard's, emptied for `piece`; null where there is none. */
  claim(piece: PieceIndex, shard: ShardId): SlotIndex | null {
    for (let slot = 0; slot < this.slotCount; slot++) {
      const at = slot * this.#slotWords;
      if (Atomics.load(this.#words, at + OWNER) !== 0) continue;
      if (Atomics.compareExchange(this.#words, at + OWNER, 0, shard) !== 0) continue;
      for (let word = at + RECEIVED_COUNT; word < at + this.#slotWords; word++)
        Atomics.store(this.#words, word, 0);
      Atomics.store(this.#words, at + PIECE, piece);
      return slotIndex(slot);
    }
    return null;
  }

  /** The owner (before the piece is full), or main (after the verdict, or once the owner is dead). */
  free(slot: SlotIndex): void {
    Atomics.store(this.#words, slot * this.#slotWords + OWNER, 0);
  }

  ownerOf(slot: SlotIndex): number {
    return Atomics.load(this.#words, slot * this.#slotWords + OWNER);
  }

  pieceOf(slot: SlotIndex): PieceIndex {
    return Atomics.load(this.#words, slot * this.#slotWords + PIECE) as PieceIndex;
  }

  /** Slots that nobody owns at this moment. */
  freeCount(): number {
    let free = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      if (Atomics.load(this.#words, slot * this.#slotWords + OWNER) === 0) free++;
    }
    return free;
  }

  /** True if the caller is now the only one who may write this block. */
  take(slot: SlotIndex, block: number): boolean {
    const bit = 1 << (block & 31);
    return (Atomics.or(this.#words, this.#takenWord(slot, block), bit) & bit) === 0;
  }

  /** The writer gives up: what it wrote so far counts for nothing. */
  untake(slot: SlotIndex, block: number): void {
    Atomics.and(this.#words, this.#takenWord(slot, block), ~(1 << (block & 31)));
  }

  /** The writer is done with every byte of the block. True if this was the last block of the piece. */
  receive(slot: SlotIndex, block: number): boolean {
    const at = slot * this.#slotWords;
    Atomics.or(this.#words, at + HEADER_WORDS + this.#bitmapWords + (block >>> 5), 1 << (block & 31));
    const received = Atomics.add(this.#words, at + RECEIVED_COUNT, 1) + 1;
    return received === blocksOfPiece(this.geometry, this.pieceOf(slot));
  }

  hasReceived(slot: SlotIndex, block: number): boolean {
    const word = slot * this.#slotWords + HEADER_WORDS + this.#bitmapWords + (block >>> 5);
    return (Atomics.load(this.#words, word) & (1 << (block & 31))) !== 0;
  }

  receivedCount(slot: SlotIndex): number {
    return Atomics.load(this.#words, slot * this.#slotWords + RECEIVED_COUNT);
  }

  /** Where the first byte of a block lies in `bytes`. */
  offsetOf(slot: SlotIndex, block: number): number {
    return slot * this.#slotBytes + block * BLOCK_BYTES;
  }

  /** The whole arena as bytes, for copies at `offsetOf`. */
  get bytes(): Uint8Array {
    return this.#data;
  }

  /** The bytes of the piece in this slot, without padding. */
  pieceBytes(slot: SlotIndex): Uint8Array {
    const start = slot * this.#slotBytes;
    return this.#data.subarray(start, start + lengthOfPiece(this.geometry, this.pieceOf(slot)));
  }

  #takenWord(slot: SlotIndex, block: number): number {
    return slot * this.#slotWords + HEADER_WORDS + (block >>> 5);
  }
}

/** Slots start on a block boundary, so no two pieces share a cache line or a page's worth of block. */
function slotBytes(g: Geometry): number {
  return g.blocksPerPiece * BLOCK_BYTES;
}
