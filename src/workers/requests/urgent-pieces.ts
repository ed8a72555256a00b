/** The pieces that readers wait for (priority `now`), in the order of the torrent. Read again only when main has changed them. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { PRIORITY } from '../../shared/priority.ts';

export class UrgentPieces {
  readonly #ledger: Ledger;
  #pieces: readonly PieceIndex[] = [];
  /** Fresh memory has no urgent piece and no change. */
  #changes = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get pieces(): readonly PieceIndex[] {
    const changes = this.#ledger.urgentChanges;
    if (changes === this.#changes) return this.#pieces;
    this.#changes = changes;
    this.#pieces = this.#ledger.urgentPieces();
    return this.#pieces;
  }

  has(piece: PieceIndex): boolean {
    return this.#ledger.priorityOf(piece) === PRIORITY.now;
  }

  /** True if a reader is at this piece: it can return nothing before the piece arrives. */
  isFront(piece: PieceIndex): boolean {
    return this.has(piece) && (piece === 0 || !this.has((piece - 1) as PieceIndex));
  }

  /**
   * Pieces in progress that a reader needs before any piece that was not started. The reader waits for them, perhaps because of
   * one slow peer. (Each row of consecutive pieces is a separate window.)
   */
  awaited(): ReadonlySet<PieceIndex> {
    const awaited = new Set<PieceIndex>();
    let isFront = true;
    let before = -1;
    for (const piece of this.pieces) {
      if (piece !== before + 1) isFront = true;
      before = piece;
      const state = this.#ledger.stateOf(piece);
      if (state === PIECE_STATE.missing) isFront = false;
      if (state === PIECE_STATE.claimed && isFront) awaited.add(piece);
    }
    return awaited;
  }
}
