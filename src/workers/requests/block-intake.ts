/**
 * Receiving blocks: where the bytes of each go, whether it was requested, and what follows when it is complete.
 *
 * A block is received directly into its slot. The arena's taken mark ensures that only one peer writes it. A slow peer keeps
 * the mark for at most a second. Then its block continues in a buffer aside, other peers may send the block as well, and the
 * first that has the whole block puts it into the slot. So no peer can hold up a block.
 */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import { BLOCK_BYTES, MAX_UNREQUESTED_BLOCKS, WRITER_LEASE_MS } from '../../shared/limits.ts';
import { peerAsSender } from '../../shared/sender.ts';
import { copyShared } from '../../shared/shared-copy.ts';
import { encodeCancel } from '../wire/encoder.ts';
import type { ActivePiece } from './active-piece.ts';
import type { ActivePieces } from './active-pieces.ts';
import type { HungryAndOwing } from './hungry-and-owing.ts';
import type { Place, Receiving, RequestedPeer } from './requester.ts';

const NOWHERE = Buffer.alloc(0);

export class BlockIntake {
  readonly #arena: Arena;
  readonly #actives: ActivePieces;
  readonly #hungryAndOwing: HungryAndOwing;
  readonly #clock: Clock;
  readonly #onFull: (active: ActivePiece) => void;
  readonly #blocksPerPiece: number;
  readonly #place: Place = { target: NOWHERE, offset: -1 };
  blockBytes = 0;
  wastedBytes = 0;

  /** `onFull`: the last block of a piece arrived here, so main must be told. */
  constructor(
    arena: Arena,
    actives: ActivePieces,
    hungryAndOwing: HungryAndOwing,
    clock: Clock,
    onFull: (active: ActivePiece) => void,
  ) {
    this.#arena = arena;
    this.#actives = actives;
    this.#hungryAndOwing = hungryAndOwing;
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
      active.admits(peer) &&
      length === lengthOfBlock(this.#arena.geometry, active.piece, block);
    if (!fits || !(asked || this.#isLate(peer, active, block))) {
      if (asked && active !== undefined) {
        this.reopen(active, block, peer);
        this.leave(peer, active);
        this.#hungryAndOwing.hungers(peer);
      }
      this.#unwanted(peer, length, asked && active === undefined);
      return place;
    }
    if (!this.#arena.take(active.slot, block)) {
      active.lend(block, peer);
      this.#hungryAndOwing.hungers(peer);
      this.wastedBytes += length;
      return place;
    }
    for (const other of active.came(block, peer)) this.cancel(other, active, block);
    this.#actives.changed(active);
    active.writers.add(peer);
    peer.book.receiving = { active, block, length, since: this.#clock(), aside: null };
    place.offset = this.#arena.offsetOf(active.slot, block);
    return place;
  }

  end(peer: RequestedPeer): boolean {
    const book = peer.book;
    const { receiving } = book;
    if (receiving === null) return false;
    book.receiving = null;
    const { active, block, length } = receiving;
    const now = this.#clock();
    book.gave(length, now);
    book.refusals?.forgive(active.piece, block);
    if (receiving.aside !== null && !this.#putInPlace(peer, receiving, receiving.aside)) {
      this.wastedBytes += length;
      this.#hungryAndOwing.hungers(peer);
      return true;
    }
    active.writers.delete(peer);
    active.lastBlock = now;
    this.blockBytes += length;
    if (!this.#arena.receive(active.slot, block, peerAsSender(peer.index))) return true;
    if (this.#actives.filled(active)) this.#onFull(active);
    this.leave(peer, active);
    return true;
  }

  /** Blocks that take too long lose their place and continue aside. Once per tick. */
  endLeases(now: number): void {
    for (const active of this.#actives.inWork())
      for (const peer of active.writers) {
        const { receiving } = peer.book;
        if (receiving !== null && now - receiving.since >= WRITER_LEASE_MS) this.#setAside(peer, receiving);
      }
  }

  /** The block comes from another peer. If it is already on its way, it counts as late, not as unrequested. */
  cancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    if (!peer.book.queue.remove(active.piece * this.#blocksPerPiece + block)) return;
    peer.book.late += 1;
    this.sendCancel(peer, active, block);
    this.#hungryAndOwing.hungers(peer);
  }

  sendCancel(peer: RequestedPeer, active: ActivePiece, block: number): void {
    const length = lengthOfBlock(this.#arena.geometry, active.piece, block);
    peer.send(encodeCancel(active.piece, block * BLOCK_BYTES, length));
  }

  /** This peer will not finish its current block; returns how many blocks are given back: 0 or 1. */
  drop(peer: RequestedPeer): number {
    const { receiving } = peer.book;
    if (receiving === null) return 0;
    peer.book.receiving = null;
    const { active, block, length, aside } = receiving;
    this.wastedBytes += length - peer.blockRemaining;
    peer.moveBlock({ target: NOWHERE, offset: -1 });
    if (aside !== null) active.giveBack(block, peer);
    else {
      active.writers.delete(peer);
      active.reopen(block);
      this.#arena.untake(active.slot, block);
    }
    this.#actives.changed(active);
    return 1;
  }

  /** The block will not arrive from this peer. */
  reopen(active: ActivePiece, block: number, peer: RequestedPeer): void {
    active.giveBack(block, peer);
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

  #setAside(peer: RequestedPeer, receiving: Receiving): void {
    const { active, block, length } = receiving;
    const aside = Buffer.alloc(length);
    const done = length - peer.blockRemaining;
    const from = this.#arena.offsetOf(active.slot, block);
    this.#arena.bytes.copy(aside, 0, from, from + done);
    peer.moveBlock({ target: aside, offset: done });
    peer.book.receiving = { ...receiving, aside };
    this.#arena.untake(active.slot, block);
    active.writers.delete(peer);
    active.owesStill(block, peer);
    this.#hungryAndOwing.owes(peer);
  }

  /** The whole block arrived aside. False if another peer was faster. */
  #putInPlace(peer: RequestedPeer, { active, block, length }: Receiving, aside: Buffer): boolean {
    if (this.#actives.get(active.piece) !== active || !active.admits(peer)) return false;
    if (!this.#arena.take(active.slot, block)) {
      active.lend(block, peer);
      return false;
    }
    for (const other of active.came(block, peer)) this.cancel(other, active, block);
    this.#actives.changed(active);
    copyShared(this.#arena.bytes, this.#arena.offsetOf(active.slot, block), aside, 0, length);
    return true;
  }

  /** True if the peer may send this block although it is not requested now: it was, until a moment ago. */
  #isLate(peer: RequestedPeer, active: ActivePiece, block: number): boolean {
    if (peer.book.late === 0 || this.#arena.hasReceived(active.slot, block)) return false;
    peer.book.late -= 1;
    return !active.terms.solo;
  }

  #unwanted(peer: RequestedPeer, length: number, asked: boolean): void {
    this.wastedBytes += length;
    if (asked) return;
    if (peer.book.late > 0) peer.book.late -= 1;
    else if (++peer.book.unrequested > MAX_UNREQUESTED_BLOCKS) peer.close('unrequested-data');
  }
}
