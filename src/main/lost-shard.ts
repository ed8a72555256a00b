/** What becomes of the pieces of a shard whose thread died. */
import type { Arena } from '../shared/arena.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../shared/ledger.ts';
import type { FullPiece } from '../shared/messages.ts';

/**
 * What it had claimed is missing again. What it had filled is returned, to be hashed, whether it could still say so or not.
 * Slots in `hashing` are with the hashers already and stay there.
 */
export function reclaim(
  lost: ShardId,
  ledger: Ledger,
  arena: Arena,
  hashing: ReadonlySet<SlotIndex>,
): FullPiece[] {
  const full: FullPiece[] = [];
  for (let at = 0; at < arena.slotCount; at++) {
    const slot = at as SlotIndex;
    const isOwner = arena.ownerOf(slot) === lost;
    arena.bury(slot, lost);
    if (!isOwner || hashing.has(slot)) continue;
    const piece = arena.pieceOf(slot);
    if (ledger.stateOf(piece) === PIECE_STATE.full && ledger.ownerOf(piece) === lost)
      full.push({ piece, slot });
    else arena.discard(slot);
  }
  for (let at = 0; at < ledger.pieceCount; at++) {
    const piece = at as PieceIndex;
    if (ledger.stateOf(piece) === PIECE_STATE.claimed && ledger.ownerOf(piece) === lost) ledger.reset(piece);
  }
  return full;
}
