/**
 * The pieces that this shard has claimed in the ledger, each with its slot of the arena. Claims new ones, hands out
 * those that have blocks left, and gives back what nobody here can finish.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { ActivePiece } from './active-piece.ts';
import type { PieceOrder } from './piece-order.ts';
import type { RequestedPeer } from './requester.ts';

/** An active piece that nobody asks for is given back after this long, so that another shard may try. */
const ORPHAN_MS = 3_000;

export class ActivePieces {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #order: PieceOrder;
  readonly #shard: ShardId;
  readonly #maxSlots: number;
  readonly #byPiece = new Map<number, ActivePiece>();
  /** Have blocks that nobody was asked for. */
  readonly #open = new Set<ActivePiece>();
  /** Pieces that failed their hash and are to come from one peer. */
  readonly #suspects = new Set<PieceIndex>();

  constructor(ledger: Ledger, arena: Arena, order: PieceOrder, shard: ShardId, maxSlots: number) {
    this.#ledger = ledger;
    this.#arena = arena;
    this.#order = order;
    this.#shard = shard;
    this.#maxSlots = maxSlots;
  }

  get(piece: number): ActivePiece | undefined {
    return this.#byPiece.get(piece);
  }

  /** What the peer should fetch from next: left behind by others, new, or, where slots are scarce, shared. */
  pieceFor(peer: RequestedPeer, now: number): ActivePiece | null {
    const has = (piece: number) => mayAsk(peer, piece);
    let shared: ActivePiece | null = null;
    for (const active of this.#open) {
      if (!has(active.piece)) continue;
      if (active.users === 0 && mayContinue(active, peer)) return active;
      if (!active.solo && (shared === null || active.users < shared.users)) shared = active;
    }
    return this.#claim(peer, has, now) ?? shared;
  }

  /** Keep the set of open pieces true after blocks of this piece were asked for or given back. */
  changed(active: ActivePiece): void {
    if (active.unasked > 0) this.#open.add(active);
    else this.#open.delete(active);
  }

  /** Every block is in: the slot now belongs to main and the hashers. */
  filled(active: ActivePiece): boolean {
    this.#forget(active);
    return this.#ledger.fill(active.piece, this.#shard);
  }

  markSuspect(piece: PieceIndex): void {
    this.#suspects.add(piece);
  }

  markGood(piece: PieceIndex): void {
    this.#suspects.delete(piece);
  }

  /** Gives back pieces that nobody here has asked for in a while; their few blocks are fetched again. */
  releaseOrphans(now: number): void {
    for (const active of this.#open) {
      const inUse = active.users > 0 || active.owed > 0 || active.receivers > 0;
      if (inUse || now - active.lastChange < ORPHAN_MS) continue;
      this.#release(active);
    }
  }

  #release(active: ActivePiece): void {
    this.#forget(active);
    this.#arena.free(active.slot);
    this.#ledger.release(active.piece, this.#shard);
    this.#order.markStale();
  }

  #claim(peer: RequestedPeer, has: (piece: number) => boolean, now: number): ActivePiece | null {
    if (this.#byPiece.size >= this.#maxSlots) return null;
    for (;;) {
      const piece = this.#order.next(peer.book.cursor, has, now);
      if (piece === null) return null;
      if (!this.#ledger.claim(piece, this.#shard)) continue;
      const slot = this.#arena.claim(piece, this.#shard);
      if (slot !== null) return this.#begin(piece, slot, now);
      this.#ledger.release(piece, this.#shard);
      return null;
    }
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
  }
}

/** A suspect piece stays with the peer that began it; with nobody left it is given back and begun anew. */
function mayContinue(active: ActivePiece, peer: RequestedPeer): boolean {
  return !active.solo || active.contributors.size === 0 || active.contributors.has(peer.index);
}

/** While choked, only the pieces of the allowed-fast set may be asked for (BEP 6). */
function mayAsk(peer: RequestedPeer, piece: number): boolean {
  if (!peer.pieces.has(piece)) return false;
  if (peer.book.refused?.has(piece)) return false;
  return peer.mayRequest || (peer.allowedFast?.has(piece as PieceIndex) ?? false);
}
