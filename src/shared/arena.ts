/**
 * The arena: a fixed number of piece-sized slots in shared memory. Sockets read into it, hashers read from it, and a
 * download that finds no free slot asks for nothing new: that is the whole back-pressure and the whole memory bound.
 *
 * Each slot has an owner word, the piece it holds, a count of received blocks, a hold word and three bitmaps:
 *  - taken: somebody writes, or has written, this block. Whoever sets the bit alone may touch the block's bytes.
 *  - received: every byte of the block is there. A received block is taken; a slot with all blocks received can
 *    have no writer, so it can be hashed and written to disk while sockets go on.
 *  - doubled: a second peer was asked for this block; whoever sets the bit is the one who may.
 * A writer that gives up clears its taken bit. Free slots are found from the low end: the hot ones stay in the cache.
 *
 * The hold word says who may still write: the owner, and in the endgame one guest, another shard that joined. A slot is
 * free again when main (or the owner, who gives the piece back) has discarded it and both have left, in whatever order:
 * that is what keeps the late block of a guest out of the next piece. A guest whose thread died leaves a mark, upon
 * which the owner clears what the dead one was writing.
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
const HOLD = 3;
const HEADER_WORDS = 4;
const BITMAPS = 3;

/** Bits of the hold word; the guest's id is above them. */
const OWNER_IN = 1;
const DISCARDED = 2;
const NO_GUESTS = 4;
const GUEST_DIED = 8;
/** Stays when the guest leaves: the owner must learn of blocks that came there. */
const WAS_JOINED = 16;
/** Every block is there: whoever received the last one has it from here on. */
const FULL = 32;
const GUEST_SHIFT = 8;

export class Arena {
  readonly slotCount: number;
  readonly geometry: Geometry;
  readonly #slotBytes: number;
  readonly #bitmapWords: number;
  readonly #slotWords: number;
  readonly #words: Int32Array;
  readonly #data: Buffer;

  constructor(memory: ArenaMemory) {
    this.slotCount = memory.slotCount;
    this.geometry = memory.geometry;
    this.#slotBytes = slotBytes(memory.geometry);
    this.#bitmapWords = Math.ceil(memory.geometry.blocksPerPiece / 32);
    this.#slotWords = slotWords(memory.geometry);
    this.#words = new Int32Array(memory.words);
    this.#data = Buffer.from(memory.data);
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
    return {
      slotCount,
      geometry: g,
      data: new SharedArrayBuffer(slotCount * bytes),
      words: new SharedArrayBuffer(slotCount * slotWords(g) * 4),
    };
  }

  /**
   * A free slot, now this shard's, emptied for `piece`; null where there is none. `guests`: another shard may join, which it
   * may not where the blocks are to come from one peer.
   */
  claim(piece: PieceIndex, shard: ShardId, guests = true): SlotIndex | null {
    for (let slot = 0; slot < this.slotCount; slot++) {
      const at = slot * this.#slotWords;
      if (Atomics.load(this.#words, at + OWNER) !== 0) continue;
      if (Atomics.compareExchange(this.#words, at + OWNER, 0, shard) !== 0) continue;
      for (let word = at + RECEIVED_COUNT; word < at + this.#slotWords; word++)
        Atomics.store(this.#words, word, 0);
      Atomics.store(this.#words, at + PIECE, piece);
      Atomics.store(this.#words, at + HOLD, OWNER_IN | (guests ? 0 : NO_GUESTS));
      return slotIndex(slot);
    }
    return null;
  }

  /** Another shard begins to fetch blocks of this piece too. False where it may not, or somebody else does. */
  join(slot: SlotIndex, piece: PieceIndex, guest: ShardId): boolean {
    const word = this.#holdWord(slot);
    const before = Atomics.load(this.#words, word);
    if (!takesGuests(before)) return false;
    const after = before | WAS_JOINED | (guest << GUEST_SHIFT);
    if (Atomics.compareExchange(this.#words, word, before, after) !== before) return false;
    if (this.pieceOf(slot) === piece) return true;
    this.leave(slot, guest);
    return false;
  }

  /** True while a guest could join. */
  isOpen(slot: SlotIndex): boolean {
    return takesGuests(Atomics.load(this.#words, this.#holdWord(slot)));
  }

  /** Some shard joined at some time, and may have fetched blocks. */
  wasJoined(slot: SlotIndex): boolean {
    return (Atomics.load(this.#words, this.#holdWord(slot)) & WAS_JOINED) !== 0;
  }

  /** The shard that joined the owner; 0 where none did. */
  guestOf(slot: SlotIndex): number {
    return Atomics.load(this.#words, this.#holdWord(slot)) >>> GUEST_SHIFT;
  }

  /** Owner or guest: will touch the slot no more. */
  leave(slot: SlotIndex, shard: ShardId): void {
    const isOwner = this.ownerOf(slot) === shard;
    this.#changeHold(slot, (hold) => (isOwner ? hold & ~OWNER_IN : hold & (2 ** GUEST_SHIFT - 1)));
  }

  /** Main, after the verdict or once the owner is dead: free as soon as everybody has left. */
  discard(slot: SlotIndex): void {
    this.#changeHold(slot, (hold) => hold | DISCARDED);
  }

  isDiscarded(slot: SlotIndex): boolean {
    return (Atomics.load(this.#words, this.#holdWord(slot)) & DISCARDED) !== 0;
  }

  /** The owner gives the piece back unfinished. False, and nothing changed, where a guest is at work on it or has finished it. */
  abandon(slot: SlotIndex): boolean {
    const word = this.#holdWord(slot);
    const hold = Atomics.load(this.#words, word);
    if (hold >>> GUEST_SHIFT !== 0 || (hold & FULL) !== 0) return false;
    if (Atomics.compareExchange(this.#words, word, hold, DISCARDED) !== hold) return false;
    this.#free(slot);
    return true;
  }

  /** Main: leaves in the name of a shard whose thread is dead. */
  bury(slot: SlotIndex, dead: ShardId): void {
    if (this.ownerOf(slot) === dead) this.#changeHold(slot, (hold) => hold & ~OWNER_IN);
    else if (this.guestOf(slot) === dead)
      this.#changeHold(slot, (hold) => (hold & (2 ** GUEST_SHIFT - 1)) | GUEST_DIED);
  }

  /** A guest died and may have left blocks taken that nobody writes. Until the owner has cleared them nobody may join. */
  lostGuest(slot: SlotIndex): boolean {
    return (Atomics.load(this.#words, this.#holdWord(slot)) & GUEST_DIED) !== 0;
  }

  /** The owner has cleared what the dead guest left. */
  forgetGuest(slot: SlotIndex): void {
    Atomics.and(this.#words, this.#holdWord(slot), ~GUEST_DIED);
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

  isTaken(slot: SlotIndex, block: number): boolean {
    return (Atomics.load(this.#words, this.#takenWord(slot, block)) & (1 << (block & 31))) !== 0;
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
    if (received < blocksOfPiece(this.geometry, this.pieceOf(slot))) return false;
    Atomics.or(this.#words, at + HOLD, FULL);
    return true;
  }

  /** True if the caller may ask a second peer for this block. */
  double(slot: SlotIndex, block: number): boolean {
    const bit = 1 << (block & 31);
    return (Atomics.or(this.#words, this.#doubledWord(slot, block), bit) & bit) === 0;
  }

  /** The second peer will not send it. */
  undouble(slot: SlotIndex, block: number): void {
    Atomics.and(this.#words, this.#doubledWord(slot, block), ~(1 << (block & 31)));
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
  get bytes(): Buffer {
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

  #doubledWord(slot: SlotIndex, block: number): number {
    return slot * this.#slotWords + HEADER_WORDS + 2 * this.#bitmapWords + (block >>> 5);
  }

  #holdWord(slot: SlotIndex): number {
    return slot * this.#slotWords + HOLD;
  }

  /** Of all changes to a hold one alone makes it "discarded, and nobody in": that one frees the slot. */
  #changeHold(slot: SlotIndex, change: (hold: number) => number): void {
    const word = this.#holdWord(slot);
    for (;;) {
      const before = Atomics.load(this.#words, word);
      const after = change(before);
      if (Atomics.compareExchange(this.#words, word, before, after) !== before) continue;
      if (after !== before && isFree(after)) this.#free(slot);
      return;
    }
  }

  #free(slot: SlotIndex): void {
    Atomics.store(this.#words, slot * this.#slotWords + OWNER, 0);
  }
}

function takesGuests(hold: number): boolean {
  return (hold & ~WAS_JOINED) === OWNER_IN;
}

function isFree(hold: number): boolean {
  return (hold & (OWNER_IN | DISCARDED)) === DISCARDED && hold >>> GUEST_SHIFT === 0;
}

function slotWords(g: Geometry): number {
  return HEADER_WORDS + BITMAPS * Math.ceil(g.blocksPerPiece / 32);
}

/** Slots start on a block boundary, so no two pieces share a cache line or a page's worth of block. */
function slotBytes(g: Geometry): number {
  return g.blocksPerPiece * BLOCK_BYTES;
}
