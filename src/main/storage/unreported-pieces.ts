/** Pieces that a storage thread may have written by now, and has not reported: full ones, and those that are taken from other files. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { REUSE_OWNER } from '../../shared/slot-owner.ts';

export function* unreportedPieces(
  ledger: Pick<Ledger, 'pieceCount' | 'stateOf' | 'ownerOf'>,
): Generator<PieceIndex> {
  for (let at = 0; at < ledger.pieceCount; at++) {
    const piece = at as PieceIndex;
    const state = ledger.stateOf(piece);
    const isTaken = state === PIECE_STATE.claimed && ledger.ownerOf(piece) === REUSE_OWNER;
    if (isTaken || state === PIECE_STATE.full) yield piece;
  }
}
