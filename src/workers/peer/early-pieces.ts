/**
 * What a peer said about its pieces before the torrent was known: a magnet link does not give the number of pieces, so nothing
 * can be checked yet. There is one limit for all peers of a shard.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { EARLY_PIECES_BYTES, MAX_EARLY_HAVES } from '../../shared/limits.ts';
import type { PieceSet } from './piece-set.ts';

/** Bytes for all early bitfields of a shard; a peer that leaves returns its part. */
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

  /** The reason why it cannot be kept; null if it can. A second bitfield adds to the first. */
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

  /** False if there are too many. */
  tellHave(piece: number): boolean {
    return this.#haves.push(piece) <= MAX_EARLY_HAVES;
  }

  /** Moves everything into the set, now that the number of pieces is known. Null if it was valid, else the error. */
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

  /** Returns its memory. */
  forget(): void {
    if (this.#bitfield !== null) this.#budget.giveBack(this.#bitfield.length);
    this.#bitfield = null;
  }
}
