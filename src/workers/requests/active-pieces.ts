/**
 * The pieces that this shard has claimed in the ledger, each with its slot in the arena. Claims new pieces, gives out those
 * with blocks left, and parks what no peer here can finish.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PIECE_STATE } from '../../shared/ledger.ts';
import { ORPHANED_PIECE_MS } from '../../shared/limits.ts';
import { ActivePiece } from './active-piece.ts';
import { canServe, wouldSend } from './can-serve.ts';
import type { PieceOrder } from './piece-order.ts';
import type { RequestedPeer } from './requester.ts';
import { Suspicions } from './suspicions.ts';
import { UrgentPieces } from './urgent-pieces.ts';

/** Pieces checked for one that can be shared. The next check starts elsewhere. */
const SHARE_LOOKS = 16;

export class ActivePieces {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #order: PieceOrder;
  /** Pieces that readers wait for. */
  readonly urgent: UrgentPieces;
  readonly #shard: ShardId;
  readonly #maxSlots: number;
  readonly #byPiece = new Map<number, ActivePiece>();
  /** Pieces with blocks that are not requested. The orphans among them are no peer's current piece. */
  readonly #open = new Set<ActivePiece>();
  readonly #orphans = new Set<ActivePiece>();
  /** Pieces that two holders fetch: this shard and the owner, or this shard and a guest. */
  readonly #joint = new Set<ActivePiece>();
  #outOfSlots = false;
  readonly #suspicions: Suspicions;
  /** Received blocks that were thrown away with their slot to free memory. */
  evictedBlocks = 0;

  constructor(ledger: Ledger, arena: Arena, order: PieceOrder, shard: ShardId, maxSlots: number) {
    this.#ledger = ledger;
    this.#arena = arena;
    this.#suspicions = new Suspicions(arena);
    this.#order = order;
    this.urgent = new UrgentPieces(ledger);
    this.#shard = shard;
    this.#maxSlots = maxSlots;
  }

  get roomBlocks(): number {
    return Math.min(this.#maxSlots, this.#arena.slotCount) * this.#arena.geometry.blocksPerPiece;
  }

  get outOfSlots(): boolean {
    return this.#outOfSlots;
  }

  /** No block is left to request, and no piece can be begun: no peer would get anything. */
  get exhausted(): boolean {
    return this.#open.size === 0 && (this.#outOfSlots || this.#ledger.missingCount === 0);
  }

  mayHaveSlots(): void {
    this.#outOfSlots = false;
  }

  get any(): boolean {
    return this.#byPiece.size > 0;
  }

  get(piece: number): ActivePiece | undefined {
    return this.#byPiece.get(piece);
  }

  /** The next piece for the peer: left by others, new (one that it suggested first), or shared if slots are scarce. */
  pieceFor(peer: RequestedPeer, now: number): ActivePiece | null {
    for (const orphan of this.#orphans) if (canServe(peer, orphan, now)) return orphan;
    return this.#claim(peer, now) ?? this.#toShare(peer, now);
  }

  /**
   * The piece from which the peer should fetch first, because a reader waits for it: the first one that is left or new, or else
   * one that other peers are fetching and that has blocks left to request.
   */
  urgentFor(peer: RequestedPeer, now: number): ActivePiece | null {
    const { pieces } = this.urgent;
    if (pieces.length === 0) return null;
    const may = this.#mayBegin(peer, now);
    let toShare: ActivePiece | null = null;
    for (const piece of pieces) {
      const active = this.#byPiece.get(piece);
      if (active === undefined) {
        const isFree = this.#byPiece.size < this.#maxSlots && this.#isMissing(piece) && may(piece);
        const begun = isFree ? this.#take(piece, now) : null;
        if (begun !== null && canServe(peer, begun, now)) return begun;
      } else if (canServe(peer, active, now)) {
        if (active.users === 0) return active;
        toShare ??= active;
      }
    }
    return toShare;
  }

  /** Updates the sets after a change of the blocks or users of this piece. */
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

  /** All blocks are received: the slot now belongs to main and the storage threads. True if main does not know yet. */
  filled(active: ActivePiece): boolean {
    const owner = this.#arena.ownerOf(active.slot) as ShardId;
    const isNews = this.#ledger.fill(active.piece, owner);
    this.forget(active);
    return isNews;
  }

  /** Pieces that another holder fetches as well. */
  joint(): readonly ActivePiece[] {
    for (const active of this.#byPiece.values())
      if (!active.terms.guest && this.#arena.wasJoined(active.slot)) this.#joint.add(active);
    return [...this.#joint];
  }

  inWork(): Iterable<ActivePiece> {
    return this.#byPiece.values();
  }

  /** Becomes the guest of another holder's slot; null if that is not possible or nothing is left to do. */
  join(piece: PieceIndex, slot: SlotIndex, now: number): ActivePiece | null {
    if (this.#byPiece.has(piece) || !this.#arena.join(slot, piece, this.#shard)) return null;
    const active = this.#begin(piece, slot, now, true);
    this.#joint.add(active);
    if (active.unasked > 0) return active;
    this.forget(active);
    return null;
  }

  /** The guest died: what it may have been writing is free again. */
  clearAfterGuest(active: ActivePiece, block: number): void {
    const isOurs = [...active.writers].some(
      ({ book }) => book.receiving?.active === active && book.receiving.block === block,
    );
    if (!isOurs) this.#arena.untake(active.slot, block);
  }

  /**
   * Pieces that failed their hash check before and make no progress: no block has arrived since `before`, or, for a solo
   * piece, it was begun before `begun`. No guest helps with those.
   */
  slowRetries(before: number, begun: number): ActivePiece[] {
    return [...this.#byPiece.values()].filter(
      ({ terms, lastBlock, begunAt }) =>
        (terms.solo && begunAt < begun) || ((terms.solo || terms.avoid.length > 0) && lastBlock < before),
    );
  }

  /**
   * Parks pieces that no peer here continues, for other shards and for later peers. As a guest, this shard leaves pieces
   * elsewhere, where it is recorded that it was of no use.
   */
  parkOrphans(now: number): void {
    for (const active of [...this.#orphans]) {
      const inUse = active.terms.guest || active.owed > 0 || active.writers.size > 0;
      if (!inUse && now - active.lastBlock >= ORPHANED_PIECE_MS) this.release(active);
    }
  }

  /**
   * Gives the piece back to all holders with its blocks; as a guest, to its owner. No peer may owe or be writing a block of
   * it. A piece that a guest is working on stays.
   */
  release(active: ActivePiece): void {
    if (active.terms.guest) return this.forget(active);
    if (!this.#arena.park(active.slot, active.lastBlock > active.begunAt)) return;
    this.#drop(active);
    this.#ledger.release(active.piece, this.#shard);
    this.#order.markStale();
  }

  /** This shard has finished with the piece. */
  forget(active: ActivePiece): void {
    this.#drop(active);
    this.#arena.leave(active.slot, this.#shard);
    // A piece that became missing meanwhile could not be claimed while it was here.
    if (active.terms.guest) this.#order.markStale();
  }

  #claim(peer: RequestedPeer, now: number): ActivePiece | null {
    this.#outOfSlots = this.#byPiece.size >= this.#maxSlots;
    if (this.#outOfSlots) return null;
    const may = this.#mayBegin(peer, now);
    // Parked pieces first: they use memory, and part of them is there.
    for (const piece of this.#arena.parked().map((slot) => this.#arena.pieceOf(slot))) {
      if (!this.#isMissing(piece) || !may(piece)) continue;
      const active = this.#take(piece, now);
      if (active !== null && canServe(peer, active, now)) return active;
    }
    for (;;) {
      const piece = this.#suggestedBy(peer, may) ?? this.#order.next(peer.book.cursor, peer.pieces, may, now);
      if (piece === null) return null;
      const active = this.#take(piece, now);
      if (active !== null && canServe(peer, active, now)) return active;
      if (active === null && this.#outOfSlots) return null;
    }
  }

  /** What the peer suggests (BEP 6) is only a hint: an order that the user gave comes before it. */
  #suggestedBy({ book }: RequestedPeer, may: (candidate: number) => boolean): PieceIndex | null {
    if (book.suggested === null || this.#order.isGiven) return null;
    return book.suggested.take((piece) => this.#isMissing(piece), may);
  }

  /** Whether the peer could give blocks of a piece that is not in work here. */
  #mayBegin(peer: RequestedPeer, now: number): (candidate: number) => boolean {
    const parked = new Map(this.#arena.parked().map((slot) => [this.#arena.pieceOf(slot) as number, slot]));
    return (candidate) => {
      if (this.#byPiece.has(candidate) || !wouldSend(peer, candidate)) return false;
      const slot = parked.get(candidate);
      if (slot !== undefined && !this.#suspicions.mayAdopt(peer, slot, now)) return false;
      const blocks = blocksOfPiece(this.#arena.geometry, candidate as PieceIndex);
      return peer.book.refusals === null || !peer.book.refusals.barsAll(candidate, blocks, now);
    };
  }

  #isMissing(piece: PieceIndex): boolean {
    return this.#ledger.stateOf(piece) === PIECE_STATE.missing;
  }

  /** Claims the piece with a slot; null if another holder was first or there is no slot. */
  #take(piece: PieceIndex, now: number): ActivePiece | null {
    if (!this.#ledger.claim(piece, this.#shard)) return null;
    const slot = this.#arena.adopt(piece, this.#shard) ?? this.#freshSlot(piece);
    if (slot !== null) {
      if (this.#suspicions.isReversed(slot, now)) this.evictedBlocks += this.#arena.relent(slot);
      return this.#begin(piece, slot, now, false);
    }
    this.#ledger.release(piece, this.#shard);
    this.#outOfSlots = true;
    return null;
  }

  /** A free slot, or else that of the least complete parked piece. */
  #freshSlot(piece: PieceIndex): SlotIndex | null {
    for (;;) {
      const slot = this.#arena.claim(piece, this.#shard);
      if (slot !== null) return slot;
      const lost = this.#arena.evict();
      if (lost === null) return null;
      this.evictedBlocks += lost;
    }
  }

  #toShare(peer: RequestedPeer, now: number): ActivePiece | null {
    let looks = 0;
    for (const active of this.#open) {
      if (++looks > SHARE_LOOKS) return null;
      this.#open.delete(active);
      this.#open.add(active);
      if (canServe(peer, active, now)) return active;
    }
    return null;
  }

  #begin(piece: PieceIndex, slot: SlotIndex, now: number, guest: boolean): ActivePiece {
    const terms = { guest, solo: this.#arena.isSolo(slot), avoid: this.#arena.avoidedIn(slot) };
    const active = new ActivePiece(piece, slot, blocksOfPiece(this.#arena.geometry, piece), now, terms);
    for (let block = 0; block < active.blocks; block++)
      if (this.#arena.hasReceived(slot, block)) active.came(block, null);
    this.#byPiece.set(piece, active);
    this.changed(active);
    return active;
  }

  #drop(active: ActivePiece): void {
    this.#byPiece.delete(active.piece);
    this.#joint.delete(active);
    this.#open.delete(active);
    this.#orphans.delete(active);
  }
}
