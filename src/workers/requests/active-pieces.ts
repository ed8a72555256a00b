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
  /** Pieces that two shards fetch: this one and the owner, or this one and a guest. */
  readonly #joint = new Set<ActivePiece>();
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

  /** Every block is in: the slot now belongs to main and the hashers. True if that is news to main. */
  filled(active: ActivePiece): boolean {
    const owner = this.#arena.ownerOf(active.slot) as ShardId;
    const isNews = this.#ledger.fill(active.piece, owner);
    this.forget(active);
    return isNews;
  }

  /** Pieces of which another shard fetches blocks too. */
  joint(): readonly ActivePiece[] {
    for (const active of this.#byPiece.values())
      if (!active.guest && this.#arena.wasJoined(active.slot)) this.#joint.add(active);
    return [...this.#joint];
  }

  inWork(): Iterable<ActivePiece> {
    return this.#byPiece.values();
  }

  /** Another shard fetches from a piece of ours. */
  hasGuest(active: ActivePiece): boolean {
    return !active.guest && this.#arena.guestOf(active.slot) !== 0;
  }

  /** Becomes the guest of another shard's slot; null where that cannot be, or nothing is left to do. */
  join(piece: PieceIndex, slot: SlotIndex, now: number): ActivePiece | null {
    if (this.#byPiece.has(piece) || !this.#arena.join(slot, piece, this.#shard)) return null;
    const active = new ActivePiece(piece, slot, blocksOfPiece(this.#arena.geometry, piece), now, 'guest');
    for (let block = 0; block < active.blocks; block++) {
      if (!this.#arena.hasReceived(slot, block) && this.#arena.double(slot, block)) active.doubled.add(block);
      else active.came(block, null);
    }
    this.#byPiece.set(piece, active);
    this.#joint.add(active);
    this.changed(active);
    if (active.unasked > 0) return active;
    this.forget(active);
    return null;
  }

  /** Asks `peer` for a block that another owes; false where two are asked already, here or in another shard. */
  askAgain(active: ActivePiece, block: number, peer: RequestedPeer): boolean {
    if (active.guest || !this.#arena.double(active.slot, block)) return false;
    if (active.askAgain(block, peer)) {
      active.doubled.add(block);
      return true;
    }
    this.#arena.undouble(active.slot, block);
    return false;
  }

  /** The guest died: what it may have been writing, or had marked for itself, is free again. */
  clearAfterGuest(active: ActivePiece, block: number): void {
    if (!active.doubled.has(block)) this.#arena.undouble(active.slot, block);
    const isOurs = [...active.receivers].some(
      ({ book }) => book.receiving?.active === active && book.receiving.block === block,
    );
    if (!isOurs) this.#arena.untake(active.slot, block);
  }

  /** The block is in one peer's hands, or in nobody's: another may be asked. A guest keeps its mark until it leaves. */
  undouble(active: ActivePiece, block: number): void {
    if (active.guest || active.hasDouble(block)) return;
    if (active.doubled.delete(block)) this.#arena.undouble(active.slot, block);
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

  /**
   * Gives the piece back to all shards; as a guest, to its owner. Nobody may owe or be sending a block of it. What a guest
   * is at work on stays.
   */
  release(active: ActivePiece): void {
    if (active.guest) return this.forget(active);
    if (!this.#arena.abandon(active.slot)) return;
    this.#drop(active);
    this.#ledger.release(active.piece, this.#shard);
    this.#order.markStale();
  }

  /** This shard is through with the piece. */
  forget(active: ActivePiece): void {
    for (const block of active.doubled) this.#arena.undouble(active.slot, block);
    this.#drop(active);
    this.#arena.leave(active.slot, this.#shard);
    // A piece that came back to missing meanwhile could not be claimed while it was here.
    if (active.guest) this.#order.markStale();
  }

  #claim(peer: RequestedPeer, now: number): ActivePiece | null {
    this.#outOfSlots = this.#byPiece.size >= this.#maxSlots;
    if (this.#outOfSlots) return null;
    for (;;) {
      const may = (candidate: number) => !this.#byPiece.has(candidate) && mayAsk(peer, candidate);
      const piece = this.#order.next(peer.book.cursor, may, now);
      if (piece === null) return null;
      if (!this.#ledger.claim(piece, this.#shard)) continue;
      const slot = this.#arena.claim(piece, this.#shard, !this.#suspects.has(piece));
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
    const active = new ActivePiece(piece, slot, blocks, now, this.#suspects.has(piece) ? 'solo' : 'ours');
    this.#byPiece.set(piece, active);
    this.#open.add(active);
    return active;
  }

  #drop(active: ActivePiece): void {
    this.#byPiece.delete(active.piece);
    this.#joint.delete(active);
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
