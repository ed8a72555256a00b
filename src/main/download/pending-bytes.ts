/** What has arrived of pieces that are not verified yet: blocks of unfinished pieces, and full pieces that wait for their hash. */
import type { Arena } from '../../shared/arena.ts';
import { dataOfPiece } from '../../shared/geometry.ts';
import type { SlotIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';

/** Bytes of wanted pieces, without padding. Holders go on meanwhile: each slot is counted at a moment of its own. */
export function pendingBytes(ledger: Pick<Ledger, 'stateOf' | 'isWanted'>, arena: Arena): number {
  let bytes = 0;
  for (let at = 0; at < arena.slotCount; at++) {
    const slot = at as SlotIndex;
    if (arena.ownerOf(slot) === 0) continue;
    const received = arena.receivedCount(slot);
    const piece = arena.pieceOf(slot);
    // A slot that was judged may wait until its holders have left.
    if (received === 0 || arena.isDiscarded(slot)) continue;
    if (ledger.stateOf(piece) === PIECE_STATE.verified || !ledger.isWanted(piece)) continue;
    bytes += Math.min(received * BLOCK_BYTES, dataOfPiece(arena.geometry, piece));
  }
  return bytes;
}
