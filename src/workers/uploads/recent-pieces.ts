/** The pieces that a peer requested last: it has them, or will soon, also if it has not said so yet. */
import { RECENT_PIECES } from '../../shared/limits.ts';

export class RecentPieces {
  readonly #pieces = new Set<number>();
  #last = -1;

  /** A block of the piece is requested. */
  add(piece: number): void {
    if (piece === this.#last) return;
    this.#last = piece;
    this.#pieces.delete(piece);
    this.#pieces.add(piece);
    const [oldest] = this.#pieces;
    if (this.#pieces.size > RECENT_PIECES) this.#pieces.delete(oldest as number);
  }

  has(piece: number): boolean {
    return this.#pieces.has(piece);
  }
}
