/** Takes back the pieces of a shard whose thread died. */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import type { FullPiece } from '../../shared/messages.ts';

/**
 * The pieces that it claimed are missing again. Returns, for hashing, every piece that is full and not in `hashing`. The piece
 * may belong to another owner: the dead shard may have received its last block and left the slot before it could report that.
 *
 * Other threads go on meanwhile. So the claim is released first: after that no thread can fill the piece for the dead shard.
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
  // A claim without a slot: the shard died between the two steps.
  for (let piece = 0; piece < ledger.pieceCount; piece++) ledger.release(piece as PieceIndex, lost);
  return full;
}

/** Every block is in the slot. The holder that received the last one may not have marked the piece as full. */
function isFull(ledger: Ledger, arena: Arena, slot: SlotIndex, piece: PieceIndex): boolean {
  const owner = arena.ownerOf(slot) as ShardId;
  if (arena.receivedCount(slot) === blocksOfPiece(arena.geometry, piece)) ledger.fill(piece, owner);
  return ledger.stateOf(piece) === PIECE_STATE.full && ledger.ownerOf(piece) === owner;
}
