/** What becomes of the pieces of a shard whose thread died. */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import type { FullPiece } from '../../shared/messages.ts';

/**
 * What it had claimed is missing again. Every piece that is full and not in `hashing` is returned, to be hashed, also
 * that of another owner: the dead one may have received its last block, left the slot, and died before it could say so.
 *
 * Others go on while this runs. So the claim is taken away first: from then on nobody can fill the piece in its name.
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
    const isGuest = arena.guestOf(slot) === lost;
    const isHeld = hashing.has(slot) || arena.isDiscarded(slot) || arena.ownerOf(slot) === 0;
    const piece = arena.pieceOf(slot);
    const touched = isOwner || isGuest || ledger.stateOf(piece) === PIECE_STATE.full;
    const isUnfinished =
      !isHeld && isOwner && !isFull(ledger, arena, slot, piece) && ledger.release(piece, lost);
    if (!isHeld && touched && !isUnfinished && isFull(ledger, arena, slot, piece)) full.push({ piece, slot });
    arena.bury(slot, lost);
    if (isUnfinished) arena.discard(slot);
  }
  // A claim without a slot: it died between the two.
  for (let piece = 0; piece < ledger.pieceCount; piece++) ledger.release(piece as PieceIndex, lost);
  return full;
}

/** Every block is in the slot; whoever received the last one may not have come to say so. */
function isFull(ledger: Ledger, arena: Arena, slot: SlotIndex, piece: PieceIndex): boolean {
  const owner = arena.ownerOf(slot) as ShardId;
  if (arena.receivedCount(slot) === blocksOfPiece(arena.geometry, piece)) ledger.fill(piece, owner);
  return ledger.stateOf(piece) === PIECE_STATE.full && ledger.ownerOf(piece) === owner;
}
