/**
 * The requester of a download. A peer fetches block after block from its current piece; several peers share a piece if slots
 * are scarce. The blocks that a peer owes when it chokes us, stalls or leaves go to other peers at once. A peer with nothing
 * left to do is asked for blocks that slower peers still owe (`duplicate-requests.ts`): at most two peers of a shard per
 * block.
 */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES, ORPHANED_PIECE_MS, SLOW_OWNER_REST_MS, SOLO_TRY_MS } from '../../shared/limits.ts';
import { RequestBatch } from '../wire/encoder.ts';
import type { ActivePiece } from './active-piece.ts';
import type { ActivePieces } from './active-pieces.ts';
import { BlockIntake } from './block-intake.ts';
import { type DuplicateRequests, slowOwners, takeOver } from './endgame/duplicate-requests.ts';
import { JointSlots } from './endgame/joint-slots.ts';
import { lateForReaders } from './endgame/late-for-readers.ts';
import { HungryAndOwing, noteRejection, strike } from './hungry-and-owing.ts';
import type { PieceOrder } from './piece-order.ts';
import { Refusals } from './refusals.ts';
import type { RequestPace } from './request-pace.ts';
import type { Place, RequestedPeer, Requester } from './requester.ts';

export class BlockRequester implements Requester {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #order: PieceOrder;
  readonly #clock: Clock;
  /** Other holders also fetch this torrent. */
  readonly #hasNeighbours: boolean;
  readonly #blocksPerPiece: number;
  readonly #hungryAndOwing = new HungryAndOwing();
  readonly #intake: BlockIntake;
  readonly #joint: JointSlots;
  readonly #batch = new RequestBatch();
  readonly #pace: RequestPace;

  constructor(
    ledger: Ledger,
    arena: Arena,
    actives: ActivePieces,
    order: PieceOrder,
    clock: Clock,
    hasNeighbours: boolean,
    pace: RequestPace,
    onFull: (active: ActivePiece) => void,
  ) {
    this.#ledger = ledger;
    this.#pace = pace;
    this.#hasNeighbours = hasNeighbours;
    this.#arena = arena;
    this.#actives = actives;
    this.#order = order;
    this.#clock = clock;
    this.#intake = new BlockIntake(arena, actives, this.#hungryAndOwing, clock, onFull);
    this.#joint = new JointSlots(ledger, arena, actives, this.#intake, this.#hungryAndOwing);
    this.#blocksPerPiece = arena.geometry.blocksPerPiece;
  }

  get blockBytes(): number {
    return this.#intake.blockBytes;
  }

  get wastedBytes(): number {
    return this.#intake.wastedBytes + this.#actives.evictedBlocks * BLOCK_BYTES;
  }

  fill(peer: RequestedPeer): void {
    if (!peer.mayRequest && peer.allowedFast === null) return;
    const book = peer.book;
    const room = book.room(() => this.#hungryAndOwing.fairShare(this.#actives.roomBlocks));
    if (room === 0) return;
    const now = this.#clock();
    if (now < book.restsUntil) return this.#hungryAndOwing.hungers(peer);
    const owedNothing = !book.owes;
    let left = room;
    let isPaced = false;
    while (left > 0) {
      const most = peer.isNode ? left : Math.min(left, this.#pace.atOnce);
      const active = most === 0 ? null : this.#currentOf(peer, now);
      isPaced = most === 0;
      if (active === null) break;
      left -= this.#ask(peer, active, most, room, now);
    }
    if (isPaced) this.#pace.wait(peer, () => this.fill(peer));
    if (left > 0 && !isPaced) this.#hungryAndOwing.hungers(peer);
    else this.#hungryAndOwing.hasEnough(peer);
    this.#sendBatch(peer, owedNothing, now);
  }

  giveBack(peer: RequestedPeer): void {
    this.#hungryAndOwing.leave(peer);
    peer.book.refusals = null;
    // After a choke the current block still arrives, and so do blocks that BEP 6 allows us to request while choked.
    const stays = peer.inSession ? peer.allowedFast : null;
    const dropped = peer.inSession ? 0 : this.#intake.drop(peer);
    const returned = peer.book.queue.removeWhere((key) => stays?.has(this.#pieceOf(key)) !== true);
    this.#takenBack(peer, returned);
    this.#intake.leave(peer);
    if (peer.book.owes) this.#hungryAndOwing.owes(peer);
    if (stays !== null) this.#hungryAndOwing.hungers(peer);
    if (returned.length + dropped > 0) this.feedHungry();
  }

  lost(peer: RequestedPeer, piece: number): void {
    const returned = peer.book.queue.removeWhere((key) => this.#pieceOf(key) === piece);
    this.#takenBack(peer, returned);
    if (returned.length > 0) this.feedHungry();
  }

  snub(peer: RequestedPeer): void {
    if (peer.book.queue.size <= 1) return;
    peer.book.window.snub();
    if (this.#takeBack(peer, 1) > 0) this.feedHungry();
  }

  rejected(peer: RequestedPeer, piece: number, begin: number): void {
    const block = begin / BLOCK_BYTES;
    if (!Number.isInteger(block) || block >= this.#blocksPerPiece) return;
    if (!peer.book.queue.remove(this.#key(piece, block))) return;
    const now = this.#clock();
    peer.book.refusals ??= new Refusals();
    peer.book.refusals.note(piece, block, now);
    noteRejection(peer.book, now);
    this.#hungryAndOwing.hungers(peer);
    const active = this.#actives.get(piece);
    if (active !== undefined) this.#intake.reopen(active, block, peer);
  }

  widened(peer: RequestedPeer): void {
    peer.book.cursor.widened();
  }

  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place {
    return this.#intake.start(peer, piece, begin, length);
  }

  blockEnd(peer: RequestedPeer): boolean {
    return this.#intake.end(peer);
  }

  tick(now: number): void {
    this.#intake.endLeases(now);
    this.#hungryAndOwing.wake(now);
    this.#rebalance();
    this.feedHungry();
    this.#actives.parkOrphans(now);
    const endgame = this.#ledger.missingCount === 0 || !this.#order.anyReachable(now);
    if (this.#hasNeighbours) {
      this.#joint.settle(now, (active) => this.#giveUp(active, 0));
      if (this.#hungryAndOwing.anyHungry && this.#joint.join(endgame, now)) this.feedHungry();
    }
    // Few peers may send such a piece: they must not be slow ones while others have nothing to do.
    if (this.#hungryAndOwing.anyHungry || this.#hasNeighbours) {
      for (const active of this.#actives.slowRetries(now - ORPHANED_PIECE_MS, now - SOLO_TRY_MS))
        this.#giveUp(active, now + SLOW_OWNER_REST_MS);
    }
    this.#hurry(now);
    this.#takeOver(endgame, now);
  }

  /** Slots or blocks became free: peers that found nothing try again, until nothing is left. */
  feedHungry(): void {
    this.#actives.mayHaveSlots();
    this.#hungryAndOwing.feed((peer) => {
      this.fill(peer);
      return !this.#actives.exhausted;
    });
  }

  /** While other peers have nothing to do, no peer keeps more than two seconds of its own work. */
  #rebalance(): void {
    if (!this.#hungryAndOwing.anyHungry || !this.#actives.exhausted) return;
    for (const peer of this.#hungryAndOwing.owing()) {
      const keep = Math.max(2, peer.book.window.size);
      if (peer.book.window.rate > 0 && peer.book.queue.size > keep) this.#takeBack(peer, keep);
    }
  }

  /** Gives back what makes no progress here, so that another holder can continue. Its peers rest until `restUntil`. */
  #giveUp(active: ActivePiece, restUntil: number): void {
    for (const peer of [...active.writers]) {
      this.#intake.drop(peer);
      this.#hungryAndOwing.rest(peer, restUntil);
    }
    for (const [block, peer] of active.owedBlocks()) {
      this.#intake.cancel(peer, active, block);
      this.#intake.reopen(active, block, peer);
      this.#hungryAndOwing.rest(peer, restUntil);
    }
    this.#actives.release(active);
  }

  /** Neither one slow peer nor one slow shard may hold up a reader. */
  #hurry(now: number): void {
    const awaited = this.#actives.urgent.awaited();
    if (awaited.size === 0) return;
    if (this.#hasNeighbours) this.#joint.joinAwaited(awaited, now);
    const late = lateForReaders(this.#hungryAndOwing.owing(), awaited, this.#blocksPerPiece, now);
    if (late.size === 0) return;
    const helpers = this.#hungryAndOwing.proven(now).filter((peer) => !late.has(peer));
    this.#askAgain(takeOver(late, helpers, this.#actives, this.#blocksPerPiece, now, awaited), now);
  }

  #takeOver(endgame: boolean, now: number): void {
    const slow = slowOwners(this.#hungryAndOwing.owing(), endgame, now);
    if (slow.size === 0) return;
    const helpers = this.#hungryAndOwing.helpers(now);
    this.#askAgain(takeOver(slow, helpers, this.#actives, this.#blocksPerPiece, now), now);
  }

  #askAgain(taken: readonly DuplicateRequests[], now: number): void {
    for (const { instead, active, block } of taken)
      if (instead !== null) this.#intake.cancel(instead, active, block);
    for (const replaced of new Set(taken.map(({ instead }) => instead)))
      if (replaced !== null) strike(replaced.book, now);
    for (const helper of new Set(taken.map(({ peer }) => peer))) {
      const owedNothing = !helper.book.owes;
      for (const { peer, active, block } of taken) if (peer === helper) this.#request(peer, active, block, 1);
      this.#sendBatch(helper, owedNothing, now);
    }
  }

  #currentOf(peer: RequestedPeer, now: number): ActivePiece | null {
    const { current } = peer.book;
    const goesOn =
      current !== null &&
      this.#actives.get(current.piece) === current &&
      current.admits(peer) &&
      (peer.mayRequest || peer.allowedFast?.has(current.piece) === true) &&
      current.hasFor(peer, now);
    const isUrgent = goesOn && this.#actives.urgent.has(current.piece);
    const urgent = isUrgent ? null : this.#actives.urgentFor(peer, now);
    if (goesOn && urgent === null) return current;
    this.#intake.leave(peer);
    const next = urgent ?? this.#actives.pieceFor(peer, now);
    if (next === null) return null;
    // A reader that has just begun, or moved: it does not wait for what the peer was asked for before.
    if (next === urgent && this.#actives.urgent.isFront(next.piece)) this.#takeBack(peer, 1);
    next.users += 1;
    peer.book.current = next;
    this.#actives.changed(next);
    return next;
  }

  #ask(peer: RequestedPeer, active: ActivePiece, most: number, room: number, now: number): number {
    let asked = 0;
    while (asked < most) {
      const block = active.ask(peer, now);
      if (block < 0) break;
      this.#request(peer, active, block, room);
      asked += 1;
    }
    this.#actives.changed(active);
    return asked;
  }

  #sendBatch(peer: RequestedPeer, owedNothing: boolean, now: number): void {
    const bytes = this.#batch.take();
    if (bytes === null) return;
    if (owedNothing) peer.book.owingSince = now;
    this.#hungryAndOwing.owes(peer);
    peer.send(bytes);
  }

  #request(peer: RequestedPeer, active: ActivePiece, block: number, room: number): void {
    const length = lengthOfBlock(this.#arena.geometry, active.piece, block);
    this.#batch.add(active.piece, block * BLOCK_BYTES, length, room);
    if (!peer.isNode) this.#pace.requested(length);
    peer.book.queue.push(this.#key(active.piece, block));
  }

  /** Takes requests back from the peer, except the `keep` oldest, and cancels them; returns how many. */
  #takeBack(peer: RequestedPeer, keep: number): number {
    const keys = peer.book.queue.drain(keep);
    for (const active of this.#takenBack(peer, keys))
      this.#intake.sendCancel(peer, active.active, active.block);
    return keys.length;
  }

  /** These requests are no longer in the peer's queue; other peers may get them. */
  #takenBack(peer: RequestedPeer, keys: readonly number[]): { active: ActivePiece; block: number }[] {
    peer.book.late += keys.length;
    const open: { active: ActivePiece; block: number }[] = [];
    for (const key of keys) {
      const active = this.#actives.get(this.#pieceOf(key));
      if (active === undefined) continue;
      const block = key % this.#blocksPerPiece;
      this.#intake.reopen(active, block, peer);
      open.push({ active, block });
    }
    return open;
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }

  #pieceOf(key: number): PieceIndex {
    return Math.floor(key / this.#blocksPerPiece) as PieceIndex;
  }
}
