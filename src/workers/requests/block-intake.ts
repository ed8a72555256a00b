/**
 * The taking in of blocks: where the bytes of each go, whether it was asked for, and what follows when it is there.
 *
 * A block is received straight into its slot. The arena's taken bit makes sure that one peer alone writes it.
 */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import { BLOCK_BYTES, MAX_UNREQUESTED_BLOCKS } from '../../shared/limits.ts';
import { encodeCancel } from '../wire/encoder.ts';
import type { ActivePiece } from './active-piece.ts';
import type { ActivePieces } from './active-pieces.ts';
import type { Place, RequestedPeer } from './requester.ts';
import type { Workforce } from './workforce.ts';

/** `isOurs`: the last block came here. Otherwise another shard, which fetched it too, tells main. */
export type FullReport = (active: ActivePiece, isOurs: boolean) => void;

export class BlockIntake {
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #workforce: Workforce;
  readonly #clock: Clock;
  readonly #onFull: FullReport;
  readonly #blocksPerPiece: number;
  readonly #place: Place = { target: Buffer.alloc(0), offset: -1 };
  blockBytes = 0;
  wastedBytes = 0;

  constructor(arena: Arena, actives: ActivePieces, workforce: Workforce, clock: Clock, onFull: FullReport) {
    this.#arena = arena;
    this.#actives = actives;
    this.#workforce = workforce;
    this.#clock = clock;
    this.#onFull = onFull;
    this.#blocksPerPiece = arena.geometry.blocksPerPiece;
  }

  start(peer: RequestedPeer, piece: number, begin: number, length: number): Place {
    const place = this.#place;
    place.target = this.#arena.bytes;
    place.offset = -1;
    const active = this.#actives.get(piece);
    const block = begin / BLOCK_BYTES;
    const possible = Number.isInteger(block) && block < this.#blocksPerPiece;
    const asked = possible && peer.book.queue.remove(piece * this.#blocksPerPiece + block);
    const fits =
      possible &&
      active !== undefined &&
      block < active.blocks &&
      length === lengthOfBlock(this.#arena.geometry, active.piece, block);
    if (!fits || !(asked || this.#isLate(peer, active, block))) {
      if (asked && active !== undefined) {
        this.reopen(active, block, peer);
        this.leave(peer, active);
        this.#workforce.hungers(peer);
      }
      this.#unwanted(peer, length, asked && active === undefined);
      return place;
    }
    if (!this.#arena.take(active.slot, block)) {
      active.lend(block, peer);
      this.#workforce.hungers(peer);
      this.wastedBytes += length;
      return place;
    }
    for (const other of active.came(block, peer)) this.cancel(other, active, block);
    this.#actives.changed(active);
    active.receivers.add(peer);
    peer.book.receiving = { active, block, length, since: this.#clock() };
    place.offset = this.#arena.offsetOf(active.slot, block);
    return place;
  }

  end(peer: RequestedPeer): boolean {
    const book = peer.book;
    const receiving = book.receiving;
    if (receiving === null) return false;
    book.receiving = null;
    const { active, block, length } = receiving;
    const now = this.#clock();
    active.receivers.delete(peer);
    active.received(block, peer.index, now);
    book.owingSince = now;
    book.restsUntil = 0;
    book.receivedBytes += length;
    book.window.received(length, now);
    this.blockBytes += length;
    if (!this.#arena.receive(active.slot, block)) return true;
    if (this.#actives.filled(active)) this.#onFull(active, true);
    this.leave(peer, active);
    return true;
  }

  /** The block comes from elsewhere. What is on its way already will count as late, not as unasked. */
  cancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    if (!peer.book.queue.remove(active.piece * this.#blocksPerPiece + block)) return;
    peer.book.late += 1;
    this.sendCancel(peer, active, block);
    this.#workforce.hungers(peer);
  }

  sendCancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    const length = lengthOfBlock(this.#arena.geometry, active.piece, block);
    peer.send(encodeCancel(active.piece, block * BLOCK_BYTES, length));
  }

  /** The block under way will not be finished by this peer; returns how many blocks that gives back: 0 or 1. */
  drop(peer: RequestedPeer): number {
    const receiving = peer.book.receiving;
    if (receiving === null) return 0;
    peer.book.receiving = null;
    peer.divertBlock();
    const { active, block } = receiving;
    active.receivers.delete(peer);
    active.reopen(block);
    this.#actives.undouble(active, block);
    this.#arena.untake(active.slot, block);
    this.#actives.changed(active);
    return 1;
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

  /** The block will not come from this peer. */
  reopen(active: ActivePiece, block: number, peer: RequestedPeer): void {
    active.giveBack(block, peer);
    this.#actives.undouble(active, block);
    this.#actives.changed(active);
  }

  /** The peer no longer fetches from its current piece, or no longer from `only` if that is it. */
  leave(peer: RequestedPeer, only: ActivePiece | null = peer.book.current): void {
    const { current } = peer.book;
    if (current === null || current !== only) return;
    current.users -= 1;
    peer.book.current = null;
    this.#actives.changed(current);
  }
}
