/**
 * What a peer told of its pieces before the torrent was known: a magnet link tells no number of pieces, so nothing of it can
 * be checked yet. Kept within a bound for all peers of a shard together.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { EARLY_PIECES_BYTES, MAX_EARLY_HAVES } from '../../shared/limits.ts';
import type { PieceSet } from './piece-set.ts';

/** Bytes that all early bitfields of a shard may take; what a peer leaves is given back. */
export class EarlyBudget {
  #left = EARLY_PIECES_BYTES;

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

export class EarlyPieces {
  readonly #budget: EarlyBudget;
  readonly #haves: number[] = [];
  #all = false;
  #bitfield: Uint8Array | null = null;

  constructor(budget: EarlyBudget) {
    this.#budget = budget;
  }

  tellAll(): void {
    this.#all = true;
  }

  /** Why it cannot be kept; null where it is. A second one adds to the first. */
  tellBitfield(payload: Uint8Array): 'bad-bitfield' | 'too-early' | null {
    const before = this.#bitfield;
    if (before === null) {
      if (!this.#budget.take(payload.length)) return 'too-early';
      this.#bitfield = Uint8Array.from(payload);
      return null;
    }
    if (before.length !== payload.length) return 'bad-bitfield';
    for (let i = 0; i < before.length; i++) before[i] = (before[i] ?? 0) | (payload[i] ?? 0);
    return null;
  }

  /** False where there are too many of them. */
  tellHave(piece: number): boolean {
    return this.#haves.push(piece) <= MAX_EARLY_HAVES;
  }

  /** Puts it all into the set, now that the number of pieces is known. Null where it was right, else what was wrong. */
  into(pieces: PieceSet): 'bad-bitfield' | 'bad-piece-index' | null {
    if (this.#all) pieces.addAll();
    if (this.#bitfield !== null && !pieces.addBitfield(this.#bitfield)) return 'bad-bitfield';
    for (const have of this.#haves) {
      const piece: PieceIndex | null = pieceIndex(have, pieces.pieceCount);
      if (piece === null) return 'bad-piece-index';
      pieces.add(piece);
    }
    return null;
  }

  /** Gives its room back. */
  forget(): void {
    if (this.#bitfield !== null) this.#budget.giveBack(this.#bitfield.length);
    this.#bitfield = null;
  }
}
