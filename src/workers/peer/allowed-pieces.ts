/** The pieces that a peer lets us request while it chokes us (BEP 6). The set is only a hint. */
import { type PieceIndex, pieceIndex } from '../../shared/indices.ts';
import { MAX_ALLOWED_FAST_PIECES } from '../../shared/limits.ts';

export class AllowedPieces {
  #pieces: Set<PieceIndex> | null = null;

  /** Null while there are none: most peers allow none. */
  get pieces(): ReadonlySet<PieceIndex> | null {
    return this.#pieces;
  }

  /** `pieceCount`: null while the torrent is unknown; what is said before is ignored. */
  add(index: number, pieceCount: number | null): 'more' | 'nothing-new' | 'bad-piece-index' {
    if (pieceCount === null) return 'nothing-new';
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    this.#pieces ??= new Set();
    if (this.#pieces.size >= MAX_ALLOWED_FAST_PIECES || this.#pieces.has(piece)) return 'nothing-new';
    this.#pieces.add(piece);
    return 'more';
  }
}
