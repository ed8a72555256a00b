/**
 * The requester of a download. A peer fetches from its current piece, block after block; several peers share a piece
 * where slots are scarce. Whatever a peer owes when it chokes us, stalls or leaves goes to the others at once, and a peer
 * with nothing left to do asks a second time for what slower ones still owe: at most two peers for a block.
 *
 * A block is received straight into its slot. The arena's taken bit makes sure that one peer alone writes it.
 */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES, MAX_UNREQUESTED_BLOCKS } from '../../shared/limits.ts';
import { encodeCancel, RequestBatch } from '../wire/encoder.ts';
import type { ActivePiece } from './active-piece.ts';
import type { ActivePieces } from './active-pieces.ts';
import type { Place, RequestedPeer, Requester } from './requester.ts';
import { slowOwners, takeOver } from './takeover.ts';
import { Workforce } from './workforce.ts';

/** Top up when a quarter of the window is free: fewer, larger writes of requests. */
const REFILL_SHARE = 4;

type FullReport = (active: ActivePiece) => void;

export class BlockRequester implements Requester {
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #clock: Clock;
  readonly #onFull: FullReport;
  readonly #blocksPerPiece: number;
  readonly #workforce = new Workforce();
  readonly #place: Place = { target: new Uint8Array(0), offset: -1 };
  readonly #batch = new RequestBatch();
  blockBytes = 0;
  wastedBytes = 0;

  constructor(ledger: Ledger, arena: Arena, actives: ActivePieces, clock: Clock, onFull: FullReport) {
    this.#ledger = ledger;
    this.#arena = arena;
    this.#actives = actives;
    this.#clock = clock;
    this.#onFull = onFull;
    this.#blocksPerPiece = arena.geometry.blocksPerPiece;
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
    const returned = this.#takeBack(peer, 0) + this.#dropReceiving(peer);
    this.#leave(peer);
    if (returned > 0) this.feedHungry();
  }

  snub(peer: RequestedPeer): void {
    if (peer.book.queue.size <= 1) return;
    peer.book.window.snub();
    if (this.#takeBack(peer, 1) > 0) this.feedHungry();
  }

  rejected(peer: RequestedPeer, piece: number, begin: number): void {
    const block = Math.floor(begin / BLOCK_BYTES);
    if (!peer.book.queue.remove(this.#key(piece, block))) return;
    // Without this memory the same block would be asked for and refused in a circle.
    peer.book.refused ??= new Set();
    peer.book.refused.add(piece);
    const active = this.#actives.get(piece);
    if (active === undefined) return;
    this.#reopen(active, block, peer);
    if (peer.book.current === active) this.#leave(peer);
  }

  widened(peer: RequestedPeer): void {
    peer.book.cursor.at = 0;
  }

  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place {
    const place = this.#place;
    place.target = this.#arena.bytes;
    place.offset = -1;
    const active = this.#actives.get(piece);
    const block = begin / BLOCK_BYTES;
    const possible = Number.isInteger(block) && block < this.#blocksPerPiece;
    const asked = possible && peer.book.queue.remove(this.#key(piece, block));
    const fits =
      possible &&
      active !== undefined &&
      block < active.blocks &&
      length === lengthOfBlock(this.#arena.geometry, active.piece, block);
    if (!fits || !(asked || this.#isLate(peer, active, block))) {
      if (asked && active !== undefined) this.#reopen(active, block, peer);
      this.#unwanted(peer, length, asked && active === undefined);
      return place;
    }
    if (!this.#arena.take(active.slot, block)) {
      this.wastedBytes += length;
      return place;
    }
    for (const other of active.came(block, peer)) this.#cancel(other, active, block);
    this.#actives.changed(active);
    active.receivers += 1;
    peer.book.receiving = { active, block, length };
    place.offset = this.#arena.offsetOf(active.slot, block);
    return place;
  }

  blockEnd(peer: RequestedPeer): boolean {
    const book = peer.book;
    const receiving = book.receiving;
    if (receiving === null) return false;
    book.receiving = null;
    const { active, block, length } = receiving;
    const now = this.#clock();
    active.receivers -= 1;
    active.received(block, peer.index);
    active.lastChange = now;
    book.owingSince = now;
    book.restsUntil = 0;
    book.receivedBytes += length;
    book.window.received(length, now);
    this.blockBytes += length;
    if (!this.#arena.receive(active.slot, block)) return true;
    if (this.#actives.filled(active)) this.#onFull(active);
    if (book.current === active) this.#leave(peer);
    return true;
  }

  tick(now: number): void {
    this.#rebalance();
    this.feedHungry();
    this.#actives.releaseOrphans(now);
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

  /**
   * Whether the peer may send this block although it is not asked for it now: it was, until a moment ago. A suspect piece
   * takes no such gifts.
   */
  #isLate(peer: RequestedPeer, active: ActivePiece, block: number): boolean {
    if (peer.book.late === 0 || active.solo || this.#arena.hasReceived(active.slot, block)) return false;
    peer.book.late -= 1;
    return true;
  }

  #unwanted(peer: RequestedPeer, length: number, asked: boolean): void {
    this.wastedBytes += length;
    if (asked) return;
    if (peer.book.late > 0) peer.book.late -= 1;
    else if (++peer.book.unrequested > MAX_UNREQUESTED_BLOCKS) peer.close('unrequested-data');
  }

  #currentOf(peer: RequestedPeer, now: number): ActivePiece | null {
    const current = peer.book.current;
    if (current !== null && current.unasked > 0 && this.#actives.get(current.piece) === current)
      return current;
    this.#leave(peer);
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

  /** The block comes from elsewhere. What is on its way already will count as late, not as unasked. */
  #cancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    if (!peer.book.queue.remove(this.#key(active.piece, block))) return;
    peer.book.late += 1;
    this.#sendCancel(peer, active, block);
    this.#workforce.hungers(peer);
  }

  #sendCancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    const length = lengthOfBlock(this.#arena.geometry, active.piece, block);
    peer.send(encodeCancel(active.piece, block * BLOCK_BYTES, length));
  }

  /** Takes requests back from the peer, all but the `keep` oldest, and tells it so; returns how many. */
  #takeBack(peer: RequestedPeer, keep: number): number {
    const keys = peer.book.queue.drain(keep);
    peer.book.late += keys.length;
    for (const key of keys) {
      const active = this.#actives.get(Math.floor(key / this.#blocksPerPiece));
      if (active === undefined) continue;
      this.#reopen(active, key % this.#blocksPerPiece, peer);
      if (keep > 0) this.#sendCancel(peer, active, key % this.#blocksPerPiece);
    }
    return keys.length;
  }

  /** The block under way will not be finished by this peer; returns how many blocks that gives back: 0 or 1. */
  #dropReceiving(peer: RequestedPeer): number {
    const receiving = peer.book.receiving;
    if (receiving === null) return 0;
    peer.book.receiving = null;
    peer.divertBlock();
    const { active, block } = receiving;
    active.receivers -= 1;
    active.brokeOff(block);
    this.#arena.untake(active.slot, block);
    this.#actives.changed(active);
    return 1;
  }

  #reopen(active: ActivePiece, block: number, peer: RequestedPeer): void {
    active.giveBack(block, peer);
    this.#actives.changed(active);
  }

  #leave(peer: RequestedPeer): void {
    const { current } = peer.book;
    if (current === null) return;
    current.users -= 1;
    peer.book.current = null;
    this.#actives.changed(current);
  }

  #key(piece: number, block: number): number {
    return piece * this.#blocksPerPiece + block;
  }
}
