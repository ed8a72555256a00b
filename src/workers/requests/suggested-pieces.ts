/** Pieces that one peer suggests (BEP 6), because it can give them at little cost: a hint for the next piece that we take from it. */
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_SUGGESTED_PIECES } from '../../shared/limits.ts';

export class SuggestedPieces {
  /** The newest one is the last. */
  readonly #pieces = new Set<PieceIndex>();

  /** The oldest one makes room. */
  add(piece: PieceIndex): void {
    this.#pieces.delete(piece);
    this.#pieces.add(piece);
    const [oldest] = this.#pieces;
    if (this.#pieces.size > MAX_SUGGESTED_PIECES) this.#pieces.delete(oldest as PieceIndex);
  }

  /** Removes the newest one that may be begun now, and those that are not `missing` any more. Null if there is none. */
  take(isMissing: (piece: PieceIndex) => boolean, may: (piece: PieceIndex) => boolean): PieceIndex | null {
    for (const piece of [...this.#pieces].reverse()) {
      const isGone = !isMissing(piece);
      if (!isGone && !may(piece)) continue;
      this.#pieces.delete(piece);
      if (!isGone) return piece;
    }
    return null;
  }
}
