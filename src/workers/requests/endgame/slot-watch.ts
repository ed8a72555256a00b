/**
 * The endgame across holders: which pieces of others make no progress, or are so slow that an idle peer here should help. Each
 * slot shows how many of its blocks have arrived; this file watches these counts over time.
 */
import type { Arena } from '../../../shared/arena.ts';
import { blocksOfPiece } from '../../../shared/geometry.ts';
import type { PieceIndex, SlotIndex } from '../../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../../shared/ledger.ts';
import {
  ENDGAME_SILENCE_MS,
  ENDGAME_SLACK_MS,
  GUEST_RETURN_MS,
  MAX_GUEST_RETURN_MS,
  SLOW_OWNER_MS,
} from '../../../shared/limits.ts';

interface Watched {
  readonly piece: PieceIndex;
  readonly since: number;
  readonly atFirst: number;
  received: number;
  changedAt: number;
}

export class SlotWatch {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #watched = new Map<SlotIndex, Watched>();
  /** Pieces that we could not help with: how often in a row, and until when we leave them to others. */
  readonly #left = new Map<PieceIndex, { readonly times: number; readonly until: number }>();

  constructor(ledger: Ledger, arena: Arena) {
    this.#ledger = ledger;
    this.#arena = arena;
  }

  /** As a guest we received nothing: another holder may have our place. */
  leaveAlone(piece: PieceIndex, now: number): void {
    const times = (this.#left.get(piece)?.times ?? 0) + 1;
    const wait = Math.min(GUEST_RETURN_MS * 2 ** (times - 1), MAX_GUEST_RETURN_MS);
    this.#left.set(piece, { times, until: now + wait });
  }

  /** The piece arrived. If it fails its hash check, this shard may help again at once. */
  cameWell(piece: PieceIndex): void {
    this.#left.delete(piece);
  }

  /**
   * Slots that a guest can and should join. Once per tick, while peers are idle. Before the endgame, only pieces without any
   * progress count.
   */
  look(endgame: boolean, now: number): { readonly piece: PieceIndex; readonly slot: SlotIndex }[] {
    const standing: { piece: PieceIndex; slot: SlotIndex }[] = [];
    for (let at = 0; at < this.#arena.slotCount; at++) {
      const slot = at as SlotIndex;
      const piece = this.#arena.pieceOf(slot);
      const inWork = this.#arena.isOpen(slot) && this.#ledger.stateOf(piece) === PIECE_STATE.claimed;
      if (!inWork) this.#watched.delete(slot);
      else if (this.#needsHelp(slot, piece, endgame, now) && (this.#left.get(piece)?.until ?? 0) <= now)
        standing.push({ piece, slot });
    }
    return standing;
  }

  #needsHelp(slot: SlotIndex, piece: PieceIndex, endgame: boolean, now: number): boolean {
    const received = this.#arena.receivedCount(slot);
    const watched = this.#watched.get(slot);
    if (watched?.piece !== piece) {
      this.#watched.set(slot, { piece, since: now, atFirst: received, received, changedAt: now });
      return false;
    }
    if (received !== watched.received) {
      watched.received = received;
      watched.changedAt = now;
    }
    if (now - watched.changedAt >= (endgame ? ENDGAME_SILENCE_MS : SLOW_OWNER_MS)) return true;
    const watchedMs = now - watched.since;
    if (!endgame || watchedMs < ENDGAME_SILENCE_MS) return false;
    const blocksPerMs = (received - watched.atFirst) / watchedMs;
    return (blocksOfPiece(this.#arena.geometry, piece) - received) / blocksPerMs > ENDGAME_SLACK_MS;
  }
}
