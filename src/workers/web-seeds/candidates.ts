/** In which order a web seed looks for a piece to begin with. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PRIORITY } from '../../shared/priority.ts';

/** Pieces are looked through once for each, from the highest on; what readers wait for counts as high here. */
const LEVELS = [PRIORITY.high, PRIORITY.normal, PRIORITY.low];
/** All pieces have the same priority: one look is enough. */
const ONE_LEVEL = [null];

export interface Look {
  readonly ledger: Ledger;
  /** To come before all others. */
  readonly urgent: readonly PieceIndex[];
  readonly from: number;
  readonly count: number;
  readonly isFor: (piece: PieceIndex) => boolean;
}

/** The pieces that it could begin with, the most urgent first, and then from `from` on and around. */
export function* candidates({ ledger, urgent, from, count, isFor }: Look): Iterable<PieceIndex> {
  for (const piece of urgent) if (isFor(piece)) yield piece;
  for (const level of ledger.hasLevels ? LEVELS : ONE_LEVEL) {
    for (let i = 0; i < count; i++) {
      const piece = ((from + i) % ledger.pieceCount) as PieceIndex;
      if (!isFor(piece)) continue;
      if (level === null || Math.min(ledger.priorityOf(piece), PRIORITY.high) === level) yield piece;
    }
  }
}
