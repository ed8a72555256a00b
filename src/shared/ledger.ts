/**
 * The ledger: one word per piece in shared memory (its state, its priority, its owner), and how many peers have it. Nothing
 * here ever waits.
 *
 * Invariants (the stress test with real threads checks them):
 * 1. A word is `state | priority << 4 | owner << 8`. Only claimed and full pieces have an owner, the shard that claimed them.
 * 2. missing → claimed: any shard, by compare-and-exchange; exactly one wins. A skipped piece cannot be claimed.
 * 3. claimed → full: the owner, or for it the guest of its slot. claimed → missing: only the owner (or main, once that
 *    holder is dead).
 * 4. full → verified, full → missing: only main, after the verdict of a storage thread. verified is final.
 * 5. Only main changes the priority, with one exclusive-or that leaves the state alone, so no claim is lost. All changes of
 *    state keep the priority.
 * 6. missingCount is the number of missing pieces that are not skipped.
 * 7. availability[p] + seeds = connected peers that have p, over all shards. (A shard that dies leaves its share behind:
 *    availability is only a hint for the order of pieces.)
 * 8. Only main changes what nodes of a cluster have reserved. It is a wish about new claims, so no claim is lost by it.
 * 9. urgent[g] is the number of pieces with priority `now` in the g-th group of pieces: an index that saves a scan of all words.
 */
import type { PieceIndex, ShardId } from './indices.ts';
import { isLevel, PRIORITY, PRIORITY_BITS, type Priority, priorityBits, priorityIn } from './priority.ts';
import { ReservedPieces } from './reserved-pieces.ts';

/** `unwanted` is in no word: the piece is missing and skipped. */
export const PIECE_STATE = { missing: 0, claimed: 1, full: 2, verified: 3, unwanted: 4 } as const;
export type PieceState = (typeof PIECE_STATE)[keyof typeof PIECE_STATE];

export interface Shortage {
  readonly missing: number;
  /** Missing pieces that no connected peer has. */
  readonly unavailable: number;
  /** One of the unavailable pieces. */
  readonly example: PieceIndex | null;
}

/** The part that crosses the thread boundary. */
export interface LedgerMemory {
  readonly pieceCount: number;
  readonly words: SharedArrayBuffer;
  /** `ReservedPieces`. Null: there is no cluster. */
  readonly reserved: SharedArrayBuffer | null;
}

const VERIFIED = 0;
const SEEDS = 1;
/** Pieces that are not missing. With this count (and not the opposite), zeroed memory is correct. */
const TAKEN = 2;
/** Skipped pieces that are not verified. */
const SKIPPED = 3;
/** Pieces of priority low or high. */
const LEVELLED = 4;
/** Counts changes between the priorities below `now`. */
const LEVEL_CHANGES = 5;
/** Counts changes from and to `now`. */
const URGENT_CHANGES = 6;
const COUNTERS = 7;

const STATE_BITS = 0x0f;
/** A missing piece that is skipped. */
const UNWANTED_WORD = priorityBits(PRIORITY.skip);
/** Pieces of one group of the index of urgent pieces. */
const GROUP_PIECES = 1_024;

/** Any shard may claim a piece with this word. */
function isFree(word: number): boolean {
  return (word & STATE_BITS) === PIECE_STATE.missing && word !== UNWANTED_WORD;
}

export class Ledger {
  readonly pieceCount: number;
  readonly reserved: ReservedPieces;
  readonly #words: Int32Array;
  readonly #availability: Int32Array;
  readonly #counters: Int32Array;
  readonly #urgent: Int32Array;

  constructor(memory: LedgerMemory) {
    this.pieceCount = memory.pieceCount;
    const { words, pieceCount } = memory;
    this.#words = new Int32Array(words, 0, pieceCount);
    this.#availability = new Int32Array(words, pieceCount * 4, pieceCount);
    this.#counters = new Int32Array(words, pieceCount * 8, COUNTERS);
    this.#urgent = new Int32Array(words, pieceCount * 8 + COUNTERS * 4);
    this.reserved = new ReservedPieces(memory.reserved);
  }

  /** `isShared`: nodes of a cluster share the pieces out among them. */
  static allocate(pieceCount: number, isShared = false): LedgerMemory {
    const groups = Math.ceil(pieceCount / GROUP_PIECES);
    const words = new SharedArrayBuffer(pieceCount * 8 + (COUNTERS + groups) * 4);
    return { pieceCount, words, reserved: isShared ? ReservedPieces.allocate(pieceCount) : null };
  }

  stateOf(piece: PieceIndex): PieceState {
    const word = Atomics.load(this.#words, piece);
    return word === UNWANTED_WORD ? PIECE_STATE.unwanted : ((word & STATE_BITS) as PieceState);
  }

  priorityOf(piece: PieceIndex): Priority {
    return priorityIn(Atomics.load(this.#words, piece));
  }

  /** Some pieces have the priority low or high. */
  get hasLevels(): boolean {
    return Atomics.load(this.#counters, LEVELLED) > 0;
  }

  /** Changes whenever a piece changes between the priorities below `now`. */
  get levelChanges(): number {
    return Atomics.load(this.#counters, LEVEL_CHANGES);
  }

  /** Changes whenever a piece gets the priority `now`, or loses it. */
  get urgentChanges(): number {
    return Atomics.load(this.#counters, URGENT_CHANGES);
  }

  /** The pieces of priority `now`, in order. The index makes it cheap: only groups with such pieces are read. */
  urgentPieces(): PieceIndex[] {
    const found: PieceIndex[] = [];
    for (let group = 0; group < this.#urgent.length; group++) {
      if (Atomics.load(this.#urgent, group) === 0) continue;
      const end = Math.min(this.pieceCount, (group + 1) * GROUP_PIECES);
      for (let at = group * GROUP_PIECES; at < end; at++)
        if (this.priorityOf(at as PieceIndex) === PRIORITY.now) found.push(at as PieceIndex);
    }
    return found;
  }

  /** Writes the indices of all missing pieces into `into`, in order; returns how many. One pass is faster than a look-up per piece. */
  missingInto(into: Int32Array): number {
    let count = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if (isFree(Atomics.load(this.#words, piece))) into[count++] = piece;
    }
    return count;
  }

  ownerOf(piece: PieceIndex): number {
    return Atomics.load(this.#words, piece) >>> 8;
  }

  get verifiedCount(): number {
    return Atomics.load(this.#counters, VERIFIED);
  }

  /** One bit per piece, as in a bitfield (BEP 3). */
  verifiedBits(): Uint8Array {
    const bits = new Uint8Array(Math.ceil(this.pieceCount / 8));
    for (let piece = 0; piece < this.pieceCount; piece++)
      if (this.stateOf(piece as PieceIndex) === PIECE_STATE.verified)
        bits[piece >>> 3] = (bits[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
    return bits;
  }

  /** Pieces that any holder may claim. It may lag behind the states for a moment. */
  get missingCount(): number {
    return this.pieceCount - Atomics.load(this.#counters, TAKEN);
  }

  get complete(): boolean {
    return this.verifiedCount + Atomics.load(this.#counters, SKIPPED) === this.pieceCount;
  }

  /** Only main, at any time. A shard that claims at this moment either wins or sees the new priority. */
  setPriority(pieces: Iterable<PieceIndex>, priority: Priority): void {
    let [levels, urgent] = [0, 0];
    for (const piece of pieces) {
      const before = this.priorityOf(piece);
      if (before === priority) continue;
      // Only main writes these bits. So flipping them always gives the new priority, even if the state changes meanwhile.
      const flipped = priorityBits(before) ^ priorityBits(priority);
      const word = Atomics.xor(this.#words, piece, flipped);
      this.#reprioritized(word, word ^ flipped);
      const change = Number(priority === PRIORITY.now) - Number(before === PRIORITY.now);
      if (change !== 0) Atomics.add(this.#urgent, Math.floor(piece / GROUP_PIECES), change);
      if (change === 0) levels += 1;
      else urgent += 1;
    }
    // Counted after the changes: a shard that sees the new count also sees the changes.
    if (levels > 0) Atomics.add(this.#counters, LEVEL_CHANGES, 1);
    if (urgent > 0) Atomics.add(this.#counters, URGENT_CHANGES, 1);
  }

  /** True for a piece that is neither verified nor unwanted. */
  isWanted(piece: PieceIndex): boolean {
    return this.stateOf(piece) < PIECE_STATE.verified;
  }

  /** Holders: true if this holder has now claimed the piece. */
  claim(piece: PieceIndex, shard: ShardId): boolean {
    for (;;) {
      const word = Atomics.load(this.#words, piece);
      if (!isFree(word)) return false;
      const claimed = word | PIECE_STATE.claimed | (shard << 8);
      // Another shard was first, or main changed the priority: look again.
      if (Atomics.compareExchange(this.#words, piece, word, claimed) !== word) continue;
      Atomics.add(this.#counters, TAKEN, 1);
      return true;
    }
  }

  /** Called by the holder that completes the slot of the owner `shard`: true if main will now find the piece full. */
  fill(piece: PieceIndex, shard: ShardId): boolean {
    return this.#swap(piece, PIECE_STATE.claimed | (shard << 8), PIECE_STATE.full | (shard << 8)) !== null;
  }

  /** The owner gives the piece back unfinished. */
  release(piece: PieceIndex, shard: ShardId): boolean {
    const word = this.#swap(piece, PIECE_STATE.claimed | (shard << 8), PIECE_STATE.missing);
    if (word !== null && isFree(word)) Atomics.sub(this.#counters, TAKEN, 1);
    return word !== null;
  }

  /** Only main: the hash is right and the bytes are written, or the piece was found good on disk. */
  verify(piece: PieceIndex): void {
    const before = this.#replace(piece, PIECE_STATE.verified);
    if ((before & STATE_BITS) === PIECE_STATE.verified) return;
    Atomics.add(this.#counters, VERIFIED, 1);
    if (isFree(before)) Atomics.add(this.#counters, TAKEN, 1);
    if (priorityIn(before) === PRIORITY.skip) Atomics.sub(this.#counters, SKIPPED, 1);
  }

  /** Only main: the hash is wrong, or the owner died. Returns false if the piece was already verified. */
  reset(piece: PieceIndex): boolean {
    if (this.stateOf(piece) === PIECE_STATE.verified) return false;
    const before = this.#replace(piece, PIECE_STATE.missing);
    const wasTaken = (before & STATE_BITS) !== PIECE_STATE.missing;
    if (wasTaken && isFree(before & PRIORITY_BITS)) Atomics.sub(this.#counters, TAKEN, 1);
    return true;
  }

  /** One more (or one less, with -1) connected peer has this piece. */
  addAvailability(piece: PieceIndex, change: 1 | -1): void {
    Atomics.add(this.#availability, piece, change);
  }

  /** One more (or one less) connected peer has every piece: counted once instead of once per piece. */
  addSeed(change: 1 | -1): void {
    Atomics.add(this.#counters, SEEDS, change);
  }

  /** Connected peers that have this piece, seeds included. */
  availabilityOf(piece: PieceIndex): number {
    return Atomics.load(this.#availability, piece) + Atomics.load(this.#counters, SEEDS);
  }

  /** Only main, when a download makes no progress: how many pieces are missing, and how many of them no peer has. */
  get shortage(): Shortage {
    let [missing, unavailable] = [0, 0];
    let example: PieceIndex | null = null;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const state = this.stateOf(piece as PieceIndex);
      if (state === PIECE_STATE.verified || state === PIECE_STATE.unwanted) continue;
      missing += 1;
      if (this.availabilityOf(piece as PieceIndex) > 0) continue;
      unavailable += 1;
      example ??= piece as PieceIndex;
    }
    return { missing, unavailable, example };
  }

  /** A connected peer has a piece that is missing. */
  anyReachable(): boolean {
    if (Atomics.load(this.#counters, SEEDS) > 0) return this.missingCount > 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const isMissing = this.stateOf(piece as PieceIndex) === PIECE_STATE.missing;
      if (isMissing && this.availabilityOf(piece as PieceIndex) > 0) return true;
    }
    return false;
  }

  /** Availability without the seeds, which have every piece: rarest-first needs only this. */
  rarityOf(piece: PieceIndex): number {
    return Atomics.load(this.#availability, piece);
  }

  /** If state and owner are `from`, they become `to`. Returns the new word; null if they were different. */
  #swap(piece: PieceIndex, from: number, to: number): number | null {
    for (;;) {
      const word = Atomics.load(this.#words, piece);
      if ((word & ~PRIORITY_BITS) !== from) return null;
      const next = (word & PRIORITY_BITS) | to;
      if (Atomics.compareExchange(this.#words, piece, word, next) === word) return next;
    }
  }

  /** Sets the state, whatever it was, and removes the owner. Returns the word before. */
  #replace(piece: PieceIndex, state: PieceState): number {
    for (;;) {
      const word = Atomics.load(this.#words, piece);
      if (Atomics.compareExchange(this.#words, piece, word, (word & PRIORITY_BITS) | state) === word)
        return word;
    }
  }

  /** Corrects the counts after main changed a priority. */
  #reprioritized(before: number, after: number): void {
    const taken = Number(!isFree(after)) - Number(!isFree(before));
    if (taken !== 0) Atomics.add(this.#counters, TAKEN, taken);
    const levelled = Number(isLevel(priorityIn(after))) - Number(isLevel(priorityIn(before)));
    if (levelled !== 0) Atomics.add(this.#counters, LEVELLED, levelled);
    if ((after & STATE_BITS) === PIECE_STATE.verified) return;
    const skipped =
      Number(priorityIn(after) === PRIORITY.skip) - Number(priorityIn(before) === PRIORITY.skip);
    if (skipped !== 0) Atomics.add(this.#counters, SKIPPED, skipped);
  }
}
