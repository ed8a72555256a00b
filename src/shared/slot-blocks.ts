/**
 * The blocks in the slots of an arena, in shared memory: their bytes, and for each block two marks and its sender.
 * - taken: a writer is writing, or has written, this block. Only the holder that set the mark may touch the block's bytes.
 * - received: all bytes of the block are there. A received block is taken. A slot with all blocks received has no writer, so
 *   it can be hashed and written to disk while sockets go on.
 * A writer that gives up clears its taken mark.
 */
import type { Geometry } from './geometry.ts';
import { blocksOfPiece, lengthOfPiece } from './geometry.ts';
import type { PieceIndex, SlotIndex } from './indices.ts';
import { BLOCK_BYTES, MAX_AVOIDED_SENDERS } from './limits.ts';
import type { Sender } from './sender.ts';

export interface ArenaMemory {
  readonly slotCount: number;
  readonly geometry: Geometry;
  readonly data: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
}

/** The words of a slot, in order. After them: taken and received marks, and the sender of each block. */
export const SLOT_WORD = {
  owner: 0,
  piece: 1,
  receivedCount: 2,
  hold: 3,
  soloTry: 4,
  fruitless: 5,
  avoided: 6,
} as const;
/** All blocks are received. One bit of the hold word; the arena uses the others. */
export const FULL = 32;
const HEADER_WORDS = SLOT_WORD.avoided + MAX_AVOIDED_SENDERS;

export class SlotBlocks {
  readonly slotCount: number;
  readonly geometry: Geometry;
  protected readonly words: Int32Array;
  readonly #slotBytes: number;
  readonly #slotWords: number;
  /** Words for one kind of mark. */
  readonly #markWords: number;
  readonly #data: Buffer;

  constructor(memory: ArenaMemory) {
    this.slotCount = memory.slotCount;
    this.geometry = memory.geometry;
    this.words = new Int32Array(memory.words);
    this.#slotBytes = slotBytes(memory.geometry);
    this.#slotWords = slotWords(memory.geometry);
    this.#markWords = markWords(memory.geometry);
    this.#data = Buffer.from(memory.data);
  }

  pieceOf(slot: SlotIndex): PieceIndex {
    return Atomics.load(this.words, this.word(slot, 'piece')) as PieceIndex;
  }

  /** True if only the caller may now write this block. */
  take(slot: SlotIndex, block: number): boolean {
    const bit = 1 << (block & 31);
    return (Atomics.or(this.words, this.#takenWord(slot, block), bit) & bit) === 0;
  }

  isTaken(slot: SlotIndex, block: number): boolean {
    return (Atomics.load(this.words, this.#takenWord(slot, block)) & (1 << (block & 31))) !== 0;
  }

  /** The writer gives up: what it wrote does not count. */
  untake(slot: SlotIndex, block: number): void {
    Atomics.and(this.words, this.#takenWord(slot, block), ~(1 << (block & 31)));
  }

  /** The writer has written the whole block. True if this was the last block of the piece. */
  receive(slot: SlotIndex, block: number, sender: Sender): boolean {
    Atomics.store(this.words, this.#senderWord(slot, block), sender);
    Atomics.or(this.words, this.#receivedWord(slot, block), 1 << (block & 31));
    const received = Atomics.add(this.words, this.word(slot, 'receivedCount'), 1) + 1;
    if (received < blocksOfPiece(this.geometry, this.pieceOf(slot))) return false;
    Atomics.or(this.words, this.word(slot, 'hold'), FULL);
    return true;
  }

  hasReceived(slot: SlotIndex, block: number): boolean {
    return (Atomics.load(this.words, this.#receivedWord(slot, block)) & (1 << (block & 31))) !== 0;
  }

  receivedCount(slot: SlotIndex): number {
    return Atomics.load(this.words, this.word(slot, 'receivedCount'));
  }

  /** The sender of each block; null if the block is not received. */
  senders(slot: SlotIndex): (Sender | null)[] {
    const blocks = blocksOfPiece(this.geometry, this.pieceOf(slot));
    const senders = new Array<Sender | null>(blocks).fill(null);
    for (let block = 0; block < blocks; block++)
      if (this.hasReceived(slot, block))
        senders[block] = Atomics.load(this.words, this.#senderWord(slot, block)) as Sender;
    return senders;
  }

  /** The offset of a block in `bytes`. */
  offsetOf(slot: SlotIndex, block: number): number {
    return slot * this.#slotBytes + block * BLOCK_BYTES;
  }

  /** The whole arena as bytes, for copies at `offsetOf`. */
  get bytes(): Buffer {
    return this.#data;
  }

  /** The bytes of the piece in this slot, and nothing of the slot after it. */
  pieceBytes(slot: SlotIndex): Uint8Array {
    const start = slot * this.#slotBytes;
    return this.#data.subarray(start, start + lengthOfPiece(this.geometry, this.pieceOf(slot)));
  }

  protected word(slot: number, name: keyof typeof SLOT_WORD): number {
    return slot * this.#slotWords + SLOT_WORD[name];
  }

  /** Clears a slot without blocks, owner and guest for its piece. Only its owner may call this. */
  protected clear(slot: SlotIndex): void {
    const end = slot * this.#slotWords + HEADER_WORDS + 2 * this.#markWords;
    for (let word = this.word(slot, 'receivedCount'); word < end; word++) Atomics.store(this.words, word, 0);
    // Blocks that are only padding are zeros (BEP 47): they are not fetched.
    const blocks = blocksOfPiece(this.geometry, this.pieceOf(slot));
    this.pieceBytes(slot)
      .subarray(blocks * BLOCK_BYTES)
      .fill(0);
  }

  /** The block must be fetched again. Only the caller may be in the slot. */
  protected unreceive(slot: SlotIndex, block: number): void {
    if (!this.hasReceived(slot, block)) return;
    Atomics.and(this.words, this.#receivedWord(slot, block), ~(1 << (block & 31)));
    Atomics.sub(this.words, this.word(slot, 'receivedCount'), 1);
    this.untake(slot, block);
  }

  #takenWord(slot: SlotIndex, block: number): number {
    return slot * this.#slotWords + HEADER_WORDS + (block >>> 5);
  }

  #receivedWord(slot: SlotIndex, block: number): number {
    return slot * this.#slotWords + HEADER_WORDS + this.#markWords + (block >>> 5);
  }

  #senderWord(slot: SlotIndex, block: number): number {
    return slot * this.#slotWords + HEADER_WORDS + 2 * this.#markWords + block;
  }
}

/** Throws RangeError if `memoryBytes` is too small for one piece. */
export function allocateSlots(g: Geometry, memoryBytes: number, extraWords: number): ArenaMemory {
  const bytes = slotBytes(g);
  const slotCount = Math.min(Math.floor(memoryBytes / bytes), g.pieceCount);
  if (slotCount < 1) {
    throw new RangeError(`one piece of this torrent takes ${bytes} bytes: more than --memory ${memoryBytes}`);
  }
  return {
    slotCount,
    geometry: g,
    data: new SharedArrayBuffer(slotCount * bytes),
    words: new SharedArrayBuffer((slotCount * slotWords(g) + extraWords) * 4),
  };
}

function markWords(g: Geometry): number {
  return Math.ceil(g.blocksPerPiece / 32);
}

function slotWords(g: Geometry): number {
  return HEADER_WORDS + 2 * markWords(g) + g.blocksPerPiece;
}

/** Slots start on a block boundary, so no two pieces share a cache line or a page's worth of block. */
function slotBytes(g: Geometry): number {
  return g.blocksPerPiece * BLOCK_BYTES;
}
