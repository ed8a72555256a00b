/**
 * The requester of a download. A peer fetches from its current piece, block after block; several peers share a piece
 * where slots are scarce. Whatever a peer owes when it chokes us, stalls or leaves goes to the others at once, and a peer
 * with nothing left to do asks a second time for what slower ones still owe: at most two peers for a block.
 */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES, ORPHANED_PIECE_MS, SLOW_OWNER_REST_MS } from '../../shared/limits.ts';
import { RequestBatch } from '../wire/encoder.ts';
import type { ActivePiece } from './active-piece.ts';
import { type ActivePieces, mayAsk } from './active-pieces.ts';
import { BlockIntake, type FullReport } from './block-intake.ts';
import type { Place, RequestedPeer, Requester } from './requester.ts';
import { SlotWatch } from './slot-watch.ts';
import { crawlers, slowOwners, takeOver } from './takeover.ts';
import { Workforce } from './workforce.ts';

/** Top up when a quarter of the window is free: fewer, larger writes of requests. */
const REFILL_SHARE = 4;

export class BlockRequester implements Requester {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #clock: Clock;
  /** Other shards download the same torrent. */
  readonly #hasNeighbours: boolean;
  readonly #blocksPerPiece: number;
  readonly #workforce = new Workforce();
  readonly #intake: BlockIntake;
  readonly #batch = new RequestBatch();
  readonly #watch: SlotWatch;
  readonly #onFull: FullReport;

  constructor(
    ledger: Ledger,
    arena: Arena,
    actives: ActivePieces,
    clock: Clock,
    hasNeighbours: boolean,
    onFull: FullReport,
  ) {
    this.#onFull = onFull;
    this.#watch = new SlotWatch(ledger, arena);
    this.#ledger = ledger;
    this.#hasNeighbours = hasNeighbours;
    this.#arena = arena;
    this.#actives = actives;
    this.#clock = clock;
    this.#intake = new BlockIntake(arena, actives, this.#workforce, clock, onFull);
    this.#blocksPerPiece = arena.geometry.blocksPerPiece;
  }

  get blockBytes(): number {
    return this.#intake.blockBytes;
  }

  get wastedBytes(): number {
    return this.#intake.wastedBytes;
  }

  fill(peer: RequestedPeer): void {
    if (!peer.mayRequest && peer.allowedFast === null) return;
    const book = peer.book;
    const window =
      book.window.rate > 0
        ? book.window.size
        : Math.min(book.window.size, this.#workforce.fairShare(this.#actives.roomBlocks));
    const room = window - book.queue.size;
    if (room <= 0 || (book.queue.size > 0 && room < window / REFILL_SHARE)) return;
    const now = this.#clock();
    if (now < book.restsUntil) return this.#workforce.hungers(peer);
    const owedNothing = book.queue.size === 0;
    let left = room;
    while (left > 0) {
      const active = this.#currentOf(peer, now);
      if (active === null) break;
      left -= this.#ask(peer, active, left, room);
      active.lastChange = now;
    }
    if (left > 0) this.#workforce.hungers(peer);
    else this.#workforce.hasEnough(peer);
    this.#sendBatch(peer, owedNothing, now);
  }

  giveBack(peer: RequestedPeer): void {
    this.#workforce.leave(peer);
    peer.book.refused = null;
    const returned = this.#takeBack(peer, 0) + this.#intake.drop(peer);
    this.#intake.leave(peer);
    if (returned > 0) this.feedHungry();
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
    // Without this memory the same block would be asked for and refused in a circle.
    peer.book.refused ??= new Set();
    peer.book.refused.add(piece);
    peer.book.refusedAt = this.#clock();
    const active = this.#actives.get(piece);
    if (active === undefined) return;
    this.#intake.reopen(active, block, peer);
    if (peer.book.current === active) this.#intake.leave(peer);
  }

  widened(peer: RequestedPeer): void {
    peer.book.cursor.at = 0;
  }

  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place {
    return this.#intake.start(peer, piece, begin, length);
  }

  blockEnd(peer: RequestedPeer): boolean {
    return this.#intake.end(peer);
  }

  tick(now: number): void {
    this.#workforce.forgetRefusals(now);
    this.#rebalance();
    this.feedHungry();
    this.#actives.releaseOrphans(now);
    const endgame = this.#ledger.missingCount === 0;
    if (this.#hasNeighbours) {
      this.settleJoint();
      if (endgame) this.#joinOthers(now);
    }
    // A suspect piece is in one peer's hands alone: those must not be idle ones, and no guest may help.
    if (this.#workforce.anyHungry || (endgame && this.#hasNeighbours)) {
      for (const active of this.#actives.idleSuspects(now - ORPHANED_PIECE_MS))
        this.#giveUp(active, now + SLOW_OWNER_REST_MS);
    }
    if (endgame) this.#leaveCrawlers(now);
    this.#double(now);
  }

  /** Slots or blocks became free: those who found nothing look again, until there is nothing for anybody. */
  feedHungry(): void {
    this.#actives.mayHaveSlots();
    this.#workforce.feed((peer) => {
      this.fill(peer);
      return !this.#actives.exhausted;
    });
  }

  /** While others have nothing to do, nobody sits on more than two seconds of its own work. */
  #rebalance(): void {
    if (!this.#workforce.anyHungry || !this.#actives.exhausted) return;
    for (const peer of this.#workforce.owing()) {
      const keep = Math.max(2, peer.book.window.size);
      if (peer.book.window.rate > 0 && peer.book.queue.size > keep) this.#takeBack(peer, keep);
    }
  }

  /** Pieces that two shards fetch: takes notice of what came there. Once a tick, and before a verdict is weighed. */
  settleJoint(): void {
    for (const active of this.#actives.joint()) {
      this.#settle(active);
      if (this.#arena.receivedCount(active.slot) === active.blocks) {
        this.#onFull(active, false);
        this.#actives.forget(active);
      } else if (active.guest && this.#arena.isDiscarded(active.slot)) this.#giveUp(active, 0);
    }
  }

  #settle(active: ActivePiece): void {
    const lostGuest = !active.guest && this.#arena.lostGuest(active.slot);
    for (let block = 0; block < active.blocks; block++) {
      if (this.#arena.hasReceived(active.slot, block)) {
        for (const peer of active.came(block, null)) this.#intake.cancel(peer, active, block);
        continue;
      }
      if (lostGuest) this.#actives.clearAfterGuest(active, block);
      const isOurs = !active.guest || active.doubled.has(block);
      if (isOurs && active.isSettled(block) && !this.#arena.isTaken(active.slot, block)) active.reopen(block);
    }
    if (lostGuest) this.#arena.forgetGuest(active.slot);
    this.#actives.changed(active);
  }

  /** The endgame across shards: idle peers help with what stands still, or is slow, elsewhere. */
  #joinOthers(now: number): void {
    const standing = this.#watch.look(now);
    if (standing.length === 0) return;
    const idle = this.#workforce.idle(now);
    const helpful = standing.filter(({ piece }) => idle.some((peer) => mayAsk(peer, piece)));
    // One for each idle peer: others may have some, too.
    const joined = helpful
      .slice(0, idle.length)
      .filter(({ piece, slot }) => this.#actives.join(piece, slot, now) !== null);
    if (joined.length > 0) this.feedHungry();
  }

  /** What stands still here is given back, so that somebody else can begin it anew. Its peers rest until `restUntil`. */
  #giveUp(active: ActivePiece, restUntil: number): void {
    for (const peer of [...active.receivers]) {
      this.#intake.drop(peer);
      this.#workforce.rest(peer, restUntil);
    }
    for (const [block, peer] of active.owedBlocks()) {
      this.#intake.cancel(peer, active, block);
      this.#intake.reopen(active, block, peer);
      this.#workforce.rest(peer, restUntil);
    }
    this.#actives.release(active);
  }

  /** A block that crawls in is begun anew with somebody else: its bytes are in nobody's way any more. */
  #leaveCrawlers(now: number): void {
    const slow = crawlers(this.#actives, this.#workforce.idle(now), now);
    for (const peer of slow) {
      this.#intake.drop(peer);
      this.#workforce.rest(peer, now + SLOW_OWNER_REST_MS);
    }
    if (slow.length > 0) this.feedHungry();
  }

  #double(now: number): void {
    const slow = slowOwners(this.#workforce.owing(), this.#ledger.missingCount === 0, now);
    if (slow.length === 0) return;
    for (const { peer, piece, block } of takeOver(
      slow,
      this.#workforce.idle(now),
      this.#actives,
      this.#blocksPerPiece,
    )) {
      const active = this.#actives.get(piece);
      const owedNothing = peer.book.queue.size === 0;
      if (active !== undefined) this.#request(peer, active, block, 1);
      this.#sendBatch(peer, owedNothing, now);
    }
  }

  #currentOf(peer: RequestedPeer, now: number): ActivePiece | null {
    const current = peer.book.current;
    if (current !== null && current.unasked > 0 && this.#actives.get(current.piece) === current)
      return current;
    this.#intake.leave(peer);
    const next = this.#actives.pieceFor(peer, now);
    if (next === null) return null;
    next.users += 1;
    peer.book.current = next;
    this.#actives.changed(next);
    return next;
  }

  #ask(peer: RequestedPeer, active: ActivePiece, most: number, room: number): number {
    let asked = 0;
    while (asked < most) {
      const block = active.ask(peer);
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
    this.#workforce.owes(peer);
    peer.send(bytes);
  }

  #request(peer: RequestedPeer, active: ActivePiece, block: number, room: number): void {
    const length = lengthOfBlock(this.#arena.geometry, active.piece, block);
    this.#batch.add(active.piece, block * BLOCK_BYTES, length, room);
    peer.book.queue.push(this.#key(active.piece, block));
  }

  /** Takes requests back from the peer, all but the `keep` oldest, and tells it so; returns how many. */
  #takeBack(peer: RequestedPeer, keep: number): number {
    const keys = peer.book.queue.drain(keep);
    peer.book.late += keys.length;
    for (const key of keys) {
      const active = this.#actives.get(Math.floor(key / this.#blocksPerPiece));
      if (active === undefined) continue;
      this.#intake.reopen(active, key % this.#blocksPerPiece, peer);
      if (keep > 0) this.#intake.sendCancel(peer, active, key % this.#blocksPerPiece);
    }
    return keys.length;
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }
}
