/**
 * The pieces that this shard has claimed in the ledger, each with its slot of the arena. Claims new ones, hands out
 * those that have blocks left, and gives back what nobody here can finish.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { ORPHANED_PIECE_MS } from '../../shared/limits.ts';
import { ActivePiece } from './active-piece.ts';
import type { PieceOrder } from './piece-order.ts';
import type { RequestedPeer } from './requester.ts';

/** Pieces looked at for one that may be shared; they take turns, so the next look starts elsewhere. */
const SHARE_LOOKS = 16;

export class ActivePieces {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #order: PieceOrder;
  readonly #shard: ShardId;
  readonly #maxSlots: number;
  readonly #byPiece = new Map<number, ActivePiece>();
  /** Have blocks that nobody was asked for. */
  readonly #open = new Set<ActivePiece>();
  /** The open ones that no peer has as its current piece. */
  readonly #orphans = new Set<ActivePiece>();
  /** Pieces that failed their hash and are to come from one peer. */
  readonly #suspects = new Set<PieceIndex>();
  /** Left to other shards once: a second time would only throw away what came since. */
  readonly #givenUp = new Set<PieceIndex>();
  #outOfSlots = false;

  constructor(ledger: Ledger, arena: Arena, order: PieceOrder, shard: ShardId, maxSlots: number) {
    this.#ledger = ledger;
    this.#arena = arena;
    this.#order = order;
    this.#shard = shard;
    this.#maxSlots = maxSlots;
  }

  /** Blocks that this shard may have in work at one time. */
  get roomBlocks(): number {
    return Math.min(this.#maxSlots, this.#arena.slotCount) * this.#arena.geometry.blocksPerPiece;
  }

  /** No block is left to ask for, and no piece can be begun: nobody would get anything. */
  get exhausted(): boolean {
    return this.#open.size === 0 && (this.#outOfSlots || this.#ledger.missingCount === 0);
  }

  /** Slots may have become free: the next claim shows. */
  mayHaveSlots(): void {
    this.#outOfSlots = false;
  }

  get(piece: number): ActivePiece | undefined {
    return this.#byPiece.get(piece);
  }

  /** What the peer should fetch from next: left behind by others, new, or, where slots are scarce, shared. */
  pieceFor(peer: RequestedPeer, now: number): ActivePiece | null {
    for (const orphan of this.#orphans) {
      if (mayAsk(peer, orphan.piece) && mayContinue(orphan, peer)) return orphan;
    }
    return this.#claim(peer, now) ?? this.#toShare(peer);
  }

  /** Keeps the sets true after blocks of this piece, or its users, changed. */
  changed(active: ActivePiece): void {
    if (active.unasked === 0 || this.#byPiece.get(active.piece) !== active) {
      this.#open.delete(active);
      this.#orphans.delete(active);
      return;
    }
    this.#open.add(active);
    if (active.users === 0) this.#orphans.add(active);
    else this.#orphans.delete(active);
  }

  /** Every block is in: the slot now belongs to main and the hashers. */
  filled(active: ActivePiece): boolean {
    this.#forget(active);
    return this.#ledger.fill(active.piece, this.#shard);
  }

  /** Pieces that have stood still since `before`; each is told once in the life of the shard. */
  standingStill(before: number): ActivePiece[] {
    const still = [...this.#byPiece.values()].filter(
      (active) => active.lastBlock < before && !this.#givenUp.has(active.piece),
    );
    for (const { piece } of still) this.#givenUp.add(piece);
    return still;
  }

  /** Suspect pieces whose one peer has sent nothing since `before`. */
  idleSuspects(before: number): ActivePiece[] {
    return [...this.#byPiece.values()].filter((active) => active.solo && active.lastBlock < before);
  }

  markSuspect(piece: PieceIndex): void {
    this.#suspects.add(piece);
  }

  markGood(piece: PieceIndex): void {
    this.#suspects.delete(piece);
  }

  /** Gives back pieces that nobody here has asked for in a while; their few blocks are fetched again. */
  releaseOrphans(now: number): void {
    for (const active of [...this.#orphans]) {
      const inUse = active.owed > 0 || active.receivers.size > 0;
      if (!inUse && now - active.lastChange >= ORPHANED_PIECE_MS) this.release(active);
    }
  }

  /** Gives the piece back to all shards. Nobody may owe or be sending a block of it. */
  release(active: ActivePiece): void {
    this.#forget(active);
    this.#arena.free(active.slot);
    this.#ledger.release(active.piece, this.#shard);
    this.#order.markStale();
  }

  #claim(peer: RequestedPeer, now: number): ActivePiece | null {
    this.#outOfSlots = this.#byPiece.size >= this.#maxSlots;
    if (this.#outOfSlots) return null;
    for (;;) {
      const piece = this.#order.next(peer.book.cursor, (candidate) => mayAsk(peer, candidate), now);
      if (piece === null) return null;
      if (!this.#ledger.claim(piece, this.#shard)) continue;
      const slot = this.#arena.claim(piece, this.#shard);
      if (slot !== null) return this.#begin(piece, slot, now);
      this.#ledger.release(piece, this.#shard);
      this.#outOfSlots = true;
      return null;
    }
  }

  #toShare(peer: RequestedPeer): ActivePiece | null {
    let looks = 0;
    for (const active of this.#open) {
      if (++looks > SHARE_LOOKS) return null;
      this.#open.delete(active);
      this.#open.add(active);
      if (!active.solo && mayAsk(peer, active.piece)) return active;
    }
    return null;
  }

  #begin(piece: PieceIndex, slot: SlotIndex, now: number): ActivePiece {
    const blocks = blocksOfPiece(this.#arena.geometry, piece);
    const active = new ActivePiece(piece, slot, blocks, this.#suspects.has(piece), now);
    this.#byPiece.set(piece, active);
    this.#open.add(active);
    return active;
  }

  #forget(active: ActivePiece): void {
    this.#byPiece.delete(active.piece);
    this.#open.delete(active);
    this.#orphans.delete(active);
  }
}

/** A suspect piece stays with the peer that began it; with nobody left it is given back and begun anew. */
function mayContinue(active: ActivePiece, peer: RequestedPeer): boolean {
  return !active.solo || active.contributors.size === 0 || active.contributors.has(peer.index);
}

/** While choked, only the pieces of the allowed-fast set may be asked for (BEP 6). */
export function mayAsk(peer: RequestedPeer, piece: number): boolean {
  if (!peer.pieces.has(piece)) return false;
  if (peer.book.refused?.has(piece)) return false;
  return peer.mayRequest || (peer.allowedFast?.has(piece as PieceIndex) ?? false);
}
