/** Work that waits until a piece is verified. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';

export class PieceWaits {
  readonly #ledger: Ledger;
  readonly #waiting = new Map<PieceIndex, Set<() => void>>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  isVerified(piece: PieceIndex): boolean {
    return this.#ledger.stateOf(piece) === PIECE_STATE.verified;
  }

  /** Calls `work` when the piece is verified: at once if it already is. Returns a function that ends the wait. */
  wait(piece: PieceIndex, work: () => void): () => void {
    if (this.isVerified(piece)) {
      work();
      return () => {};
    }
    const waiting = this.#waiting.get(piece) ?? new Set();
    this.#waiting.set(piece, waiting);
    waiting.add(work);
    return () => {
      waiting.delete(work);
      if (waiting.size === 0 && this.#waiting.get(piece) === waiting) this.#waiting.delete(piece);
    };
  }

  /** The piece is verified, and its bytes are on disk. */
  verified(piece: PieceIndex): void {
    const waiting = this.#waiting.get(piece);
    if (waiting === undefined) return;
    this.#waiting.delete(piece);
    for (const work of waiting) work();
  }
}
