/**
 * Parked pieces that failed their hash check: who may give the blocks that are left. The senders of the bad copy are avoided at
 * first. Where no other sender continues, the suspicion is reversed for a while, then turned back, and so on: a sender that is
 * the only one left must have its turn, whichever way the suspicion points.
 */
import type { Arena } from '../../shared/arena.ts';
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { MAX_FRUITLESS_TRIES, RELENT_MS } from '../../shared/limits.ts';
import { peerAsSender } from '../../shared/sender.ts';
import type { RequestedPeer } from './requester.ts';

export class Suspicions {
  readonly #arena: Arena;
  /** Slots that avoid some senders, and since when no block has arrived there. */
  readonly #standing = new Map<SlotIndex, { piece: PieceIndex; received: number; since: number }>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** The peer is not suspected of having sent bad blocks of the piece in this slot. */
  mayAdopt(peer: RequestedPeer, slot: SlotIndex, now: number): boolean {
    const avoided = this.#arena.avoidedIn(slot);
    if (avoided.length === 0) return true;
    const unwanted = this.isReversed(slot, now) ? this.#arena.keptFrom(slot) : avoided;
    return !unwanted.includes(peerAsSender(peer.index));
  }

  /** The senders that are not avoided had the piece and gave nothing, or none of them came. */
  isReversed(slot: SlotIndex, now: number): boolean {
    if (this.#arena.avoidedIn(slot).length === 0) return false;
    const [piece, received] = [this.#arena.pieceOf(slot), this.#arena.receivedCount(slot)];
    const before = this.#standing.get(slot);
    const isSame = before?.piece === piece && before.received === received;
    const since = isSame ? before.since : now;
    if (!isSame) this.#standing.set(slot, { piece, received, since });
    const isOddTurn = Math.floor((now - since) / RELENT_MS) % 2 === 1;
    return isOddTurn !== this.#arena.fruitlessTries(slot) >= MAX_FRUITLESS_TRIES;
  }
}
