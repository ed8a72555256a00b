/**
 * The ledger: one state word per piece in shared memory, and how many peers have it. No call here ever waits.
 *
 * Invariants (the stress test with real threads checks them):
 * 1. A word is `state | owner << 8`. Only claimed and full pieces have an owner: the holder that claimed them.
 * 2. missing → claimed: any holder, by compare-and-exchange; exactly one wins.
 * 3. claimed → full: the owner, or for it the guest of its slot. claimed → missing: only the owner (or main, once that
 *    holder is dead).
 * 4. full → verified, full → missing: only main, after the verdict of a storage thread. verified is final.
 * 5. unwanted is set before any shard runs, and stays.
 * 6. missingCount is the number of missing pieces.
 * 7. availability[p] + seeds = connected peers that have p, over all shards. (A shard that dies leaves its share behind:
 *    availability is only a hint for the order of pieces.)
 */
import type { PieceIndex, ShardId } from './indices.ts';

export const PIECE_STATE = { missing: 0, claimed: 1, full: 2, verified: 3, unwanted: 4 } as const;
export type PieceState = (typeof PIECE_STATE)[keyof typeof PIECE_STATE];

/** Pieces checked for one stretch of the progress bar. */
const STRETCH_SAMPLES = 64;

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
}

const VERIFIED = 0;
const SEEDS = 1;
/** Pieces that are not missing: counted this way round, so that zeroed memory is right. */
const TAKEN = 2;
const UNWANTED = 3;
const COUNTERS = 4;

export class Ledger {
  readonly pieceCount: number;
  readonly #states: Int32Array;
  readonly #availability: Int32Array;
  readonly #counters: Int32Array;

  constructor(memory: LedgerMemory) {
    this.pieceCount = memory.pieceCount;
    this.#states = new Int32Array(memory.words, 0, memory.pieceCount);
    this.#availability = new Int32Array(memory.words, memory.pieceCount * 4, memory.pieceCount);
    this.#counters = new Int32Array(memory.words, memory.pieceCount * 8, COUNTERS);
  }

  static allocate(pieceCount: number): LedgerMemory {
    return { pieceCount, words: new SharedArrayBuffer(pieceCount * 8 + COUNTERS * 4) };
  }

  stateOf(piece: PieceIndex): PieceState {
    return (Atomics.load(this.#states, piece) & 0xff) as PieceState;
  }

  /** Writes the indices of all missing pieces into `into`, in order; returns how many. One pass is faster than a look-up per piece. */
  missingInto(into: Int32Array): number {
    let count = 0;
    for (let piece = 0; piece < this.pieceCount; piece++) {
      if ((Atomics.load(this.#states, piece) & 0xff) === PIECE_STATE.missing) into[count++] = piece;
    }
    return count;
  }

  ownerOf(piece: PieceIndex): number {
    return Atomics.load(this.#states, piece) >>> 8;
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
    return this.verifiedCount + Atomics.load(this.#counters, UNWANTED) === this.pieceCount;
  }

  /** Only main, before any shard runs: no file that the user wants needs this piece. */
  exclude(piece: PieceIndex): void {
    Atomics.store(this.#states, piece, PIECE_STATE.unwanted);
    Atomics.add(this.#counters, UNWANTED, 1);
    Atomics.add(this.#counters, TAKEN, 1);
  }

  /** True for a piece that is neither verified nor unwanted. */
  isWanted(piece: PieceIndex): boolean {
    return this.stateOf(piece) < PIECE_STATE.verified;
  }

  /** Holders: true if this holder has now claimed the piece. */
  claim(piece: PieceIndex, shard: ShardId): boolean {
    const claimed = PIECE_STATE.claimed | (shard << 8);
    if (Atomics.compareExchange(this.#states, piece, PIECE_STATE.missing, claimed) !== PIECE_STATE.missing)
      return false;
    Atomics.add(this.#counters, TAKEN, 1);
    return true;
  }

  /** Called by the holder that completes the slot of the owner `shard`: true if main will now find the piece full. */
  fill(piece: PieceIndex, shard: ShardId): boolean {
    const claimed = PIECE_STATE.claimed | (shard << 8);
    return Atomics.compareExchange(this.#states, piece, claimed, PIECE_STATE.full | (shard << 8)) === claimed;
  }

  /** The owner gives the piece back unfinished. */
  release(piece: PieceIndex, shard: ShardId): boolean {
    const claimed = PIECE_STATE.claimed | (shard << 8);
    if (Atomics.compareExchange(this.#states, piece, claimed, PIECE_STATE.missing) !== claimed) return false;
    Atomics.sub(this.#counters, TAKEN, 1);
    return true;
  }

  /** Only main: the hash is right and the bytes are written, or the piece was found good on disk. */
  verify(piece: PieceIndex): void {
    const before = Atomics.exchange(this.#states, piece, PIECE_STATE.verified) & 0xff;
    if (before !== PIECE_STATE.verified) Atomics.add(this.#counters, VERIFIED, 1);
    if (before === PIECE_STATE.missing) Atomics.add(this.#counters, TAKEN, 1);
  }

  /** Only main: the hash is wrong, or the owner died. Returns false if the piece was already verified. */
  reset(piece: PieceIndex): boolean {
    if (this.stateOf(piece) === PIECE_STATE.verified) return false;
    const before = Atomics.exchange(this.#states, piece, PIECE_STATE.missing) & 0xff;
    if (before !== PIECE_STATE.missing) Atomics.sub(this.#counters, TAKEN, 1);
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

  /** The share that is verified or unwanted, 0 to 1, in each of `count` stretches of the torrent; long stretches are sampled. */
  stretches(count: number): number[] {
    return Array.from({ length: count }, (_, i) => {
      const first = Math.floor((i * this.pieceCount) / count);
      const end = Math.max(first + 1, Math.floor(((i + 1) * this.pieceCount) / count));
      const step = Math.max(1, Math.floor((end - first) / STRETCH_SAMPLES));
      let [seen, done] = [0, 0];
      for (let piece = first; piece < end; piece += step) {
        const state = this.stateOf(piece as PieceIndex);
        seen += 1;
        if (state === PIECE_STATE.verified || state === PIECE_STATE.unwanted) done += 1;
      }
      return done / seen;
    });
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
}
