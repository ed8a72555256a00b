/** The order in which a web seed looks for a piece to start with. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PRIORITY } from '../../shared/priority.ts';

/** One pass over the pieces for each level, the highest first. Pieces that readers wait for count as high here. */
const LEVELS = [PRIORITY.high, PRIORITY.normal, PRIORITY.low];
/** All pieces have the same priority: one pass is enough. */
const ONE_LEVEL = [null];

export interface Look {
  readonly ledger: Ledger;
  /** These come before all others. */
  readonly urgent: readonly PieceIndex[];
  readonly from: number;
  readonly count: number;
  readonly isFor: (piece: PieceIndex) => boolean;
}

/** The pieces that it can start with: the urgent ones first, then by priority from `from` on, wrapping around at the end. */
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
