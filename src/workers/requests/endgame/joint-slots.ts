/**
 * Slots that two holders fill: the owner and a guest. This shard notices the other's blocks, joins slots when it has idle
 * peers, and leaves those where it is of no use, so that another holder can join.
 */
import type { Arena } from '../../../shared/arena.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import type { Ledger } from '../../../shared/ledger.ts';
import { GUEST_PATIENCE_MS, GUEST_RETURN_MS, MAX_GUEST_RETURN_MS } from '../../../shared/limits.ts';
import type { ActivePiece } from '../active-piece.ts';
import type { ActivePieces } from '../active-pieces.ts';
import type { BlockIntake } from '../block-intake.ts';
import { wouldSend } from '../can-serve.ts';
import type { HungryAndOwing } from '../hungry-and-owing.ts';
import type { RequestBook, RequestedPeer } from '../requester.ts';
import { SlotWatch } from './slot-watch.ts';

export class JointSlots {
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #intake: BlockIntake;
  readonly #hungryAndOwing: HungryAndOwing;
  readonly #watch: SlotWatch;
  /** Visits in a row that brought nothing, in whatever slots. */
  #fruitless = 0;
  /** Until then only peers that have shown their speed visit slots: others must not take all turns of a holder that gives. */
  #restsUntil = 0;

  constructor(
    ledger: Ledger,
    arena: Arena,
    actives: ActivePieces,
    intake: BlockIntake,
    hungryAndOwing: HungryAndOwing,
  ) {
    this.#arena = arena;
    this.#actives = actives;
    this.#intake = intake;
    this.#hungryAndOwing = hungryAndOwing;
    this.#watch = new SlotWatch(ledger, arena);
  }

  /** Notices blocks that the other holder received. `giveUp` ends this shard's part in a piece. */
  settle(now: number, giveUp: (active: ActivePiece) => void): void {
    for (const active of this.#actives.joint()) {
      this.#settle(active);
      // The holder of the last block tells main.
      if (this.#arena.receivedCount(active.slot) === active.blocks) {
        this.#watch.cameWell(active.piece);
        if (active.terms.guest && active.lastBlock > active.begunAt) this.#fruitless = 0;
        this.#actives.forget(active);
      } else if (active.terms.guest && this.#arena.isDiscarded(active.slot)) giveUp(active);
      else if (active.terms.guest && now - active.lastBlock >= GUEST_PATIENCE_MS) {
        this.#watch.leaveAlone(active.piece, now);
        this.#noteVisit(active, now);
        giveUp(active);
      }
    }
  }

  /** Idle peers help with pieces of other holders that make no progress or are slow. True if this shard became a guest. */
  join(endgame: boolean, now: number): boolean {
    const helpers = this.#helpers(now);
    if (helpers.length === 0) return false;
    const standing = this.#watch.look(endgame, now);
    const helpful = standing.filter(({ piece }) => helpers.some((peer) => wouldSend(peer, piece)));
    // Only as many as they have room for: other shards may help as well.
    const { blocksPerPiece } = this.#arena.geometry;
    const room = helpers.reduce((sum, { book }) => sum + roomFor(book, blocksPerPiece), 0);
    const joined = helpful
      .slice(0, room)
      .filter(({ piece, slot }) => this.#actives.join(piece, slot, now) !== null);
    return joined.length > 0;
  }

  /** The same for pieces that a reader waits for and others hold: peers help with these although they have other work. */
  joinAwaited(awaited: ReadonlySet<PieceIndex>, now: number): void {
    const helpers = this.#hungryAndOwing.proven(now);
    for (const { piece, slot } of this.#watch.look(true, now)) {
      if (!awaited.has(piece) || !helpers.some((peer) => wouldSend(peer, piece))) continue;
      this.#actives.join(piece, slot, now);
    }
  }

  #helpers(now: number): RequestedPeer[] {
    const helpers = this.#hungryAndOwing.helpers(now);
    return now < this.#restsUntil ? helpers.filter(({ book }) => book.proven) : helpers;
  }

  #noteVisit({ lastBlock, begunAt }: ActivePiece, now: number): void {
    if (lastBlock > begunAt) {
      this.#fruitless = 0;
      return;
    }
    this.#restsUntil = now + Math.min(GUEST_RETURN_MS * 2 ** this.#fruitless, MAX_GUEST_RETURN_MS);
    this.#fruitless += 1;
  }

  #settle(active: ActivePiece): void {
    const lostGuest = !active.terms.guest && this.#arena.lostGuest(active.slot);
    for (let block = 0; block < active.blocks; block++) {
      if (this.#arena.hasReceived(active.slot, block)) {
        for (const peer of active.came(block, null)) this.#intake.cancel(peer, active, block);
        continue;
      }
      if (lostGuest) this.#actives.clearAfterGuest(active, block);
      if (active.isSettled(block) && !this.#arena.isTaken(active.slot, block)) active.reopen(block);
    }
    if (lostGuest) this.#arena.forgetGuest(active.slot);
    this.#actives.changed(active);
  }
}

/** The number of pieces that a peer could take; one if its speed is unknown. */
function roomFor(book: RequestBook, blocksPerPiece: number): number {
  return book.proven ? Math.ceil((book.window.size - book.queue.size) / blocksPerPiece) : 1;
}
