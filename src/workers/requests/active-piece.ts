/**
 * A piece that this shard is fetching: which peer was asked for which block. The bytes, the marks of what arrived and the senders
 * are in the arena; this is the shard's own side of the book.
 */
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { peerAsSender, type Sender } from '../../shared/sender.ts';
import type { RequestedPeer } from './requester.ts';

export interface PieceTerms {
  /** The slot is another holder's, which this shard joined. */
  readonly guest: boolean;
  /** Failed its hash before: all blocks from one peer, so that the next failure names the culprit. */
  readonly solo: boolean;
  /** Senders that may not give blocks of it: one of them is suspected of a bad block. */
  readonly avoid: readonly Sender[];
}

const NO_TERMS: PieceTerms = { guest: false, solo: false, avoid: [] };

export class ActivePiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  readonly terms: PieceTerms;
  /** Peers that fetch from it as their current piece. */
  users = 0;
  /** Peers that are writing a block into the slot at this moment: while there are any, the slot must stay. */
  readonly writers = new Set<RequestedPeer>();
  readonly begunAt: number;
  /** When a block last came, or the piece was begun. */
  lastBlock: number;
  /** The only peer that may give blocks of a solo piece; null until one begins. */
  #soloist: RequestedPeer | null = null;
  /** Who owes the block; null where nobody does. */
  readonly #askers: (RequestedPeer | null)[];
  /** The second peer of a block that two were asked for. */
  readonly #doubles = new Map<number, RequestedPeer>();
  /** 1 where the block has come, or is asked for: it need not be asked for again. */
  readonly #settled: Uint8Array;
  #unasked: number;
  #owed = 0;
  #from = 0;

  constructor(piece: PieceIndex, slot: SlotIndex, blocks: number, now: number, terms = NO_TERMS) {
    this.piece = piece;
    this.slot = slot;
    this.blocks = blocks;
    this.terms = terms;
    this.begunAt = now;
    this.lastBlock = now;
    this.#askers = new Array<RequestedPeer | null>(blocks).fill(null);
    this.#settled = new Uint8Array(blocks);
    this.#unasked = blocks;
  }

  /** Blocks that nobody was asked for and that have not come. */
  get unasked(): number {
    return this.#unasked;
  }

  /** Blocks asked for that have not come. */
  get owed(): number {
    return this.#owed;
  }

  /** Blocks of this peer are welcome. */
  admits(peer: RequestedPeer): boolean {
    if (this.terms.solo && this.#soloist !== null && this.#soloist !== peer) return false;
    return this.terms.avoid.length === 0 || !this.terms.avoid.includes(peerAsSender(peer.index));
  }

  /** There is a block that this peer could be asked for now. */
  hasFor(peer: RequestedPeer, now: number): boolean {
    if (this.#unasked === 0) return false;
    return peer.book.refusals === null || this.#next(peer, now) >= 0;
  }

  /** The next block to ask `peer` for, now in its name; -1 where none is left. */
  ask(peer: RequestedPeer, now: number): number {
    const block = this.#next(peer, now);
    if (block < 0) return -1;
    if (this.terms.solo) this.#soloist ??= peer;
    this.#settled[block] = 1;
    this.#askers[block] = peer;
    this.#unasked -= 1;
    this.#owed += 1;
    return block;
  }

  /** Asks `peer` for a block that another owes. False where nobody owes it, or two do already. */
  askAgain(block: number, peer: RequestedPeer): boolean {
    const owner = this.#askers[block];
    if (owner === null || owner === undefined || owner === peer || this.#doubles.has(block)) return false;
    this.#doubles.set(block, peer);
    return true;
  }

  /**
   * Asks `peer` for a block that two others owe, in the place of one of them; `mayReplace` says of each whether it may be.
   * Returns the one that owes it no more, or null where nothing changed.
   */
  askInstead(
    block: number,
    peer: RequestedPeer,
    mayReplace: (other: RequestedPeer) => boolean,
  ): RequestedPeer | null {
    const [first, second] = [this.#askers[block], this.#doubles.get(block)];
    if (!first || !second || first === peer || second === peer) return null;
    if (mayReplace(second)) {
      this.#doubles.set(block, peer);
      return second;
    }
    if (!mayReplace(first)) return null;
    this.#askers[block] = peer;
    return first;
  }

  /** The peers that owe the block. */
  debtorsOf(block: number): RequestedPeer[] {
    return [this.#askers[block], this.#doubles.get(block)].filter((peer) => peer != null);
  }

  /** The block will not come from this peer. Another who was asked for it still owes it. */
  giveBack(block: number, peer: RequestedPeer): void {
    if (this.#relieve(block, peer)) this.reopen(block);
  }

  /** The same, but another holder is sending the block: it need not be asked for, unless that breaks off. */
  lend(block: number, peer: RequestedPeer): void {
    this.#relieve(block, peer);
  }

  /** Neither owed, nor to be asked for: it has come, is coming, or another holder sees to it. */
  isSettled(block: number): boolean {
    return this.#settled[block] === 1 && this.#askers[block] === null;
  }

  /** The block begins to come, from anybody: nobody owes it any more. Returns the others who were asked for it. */
  came(block: number, from: RequestedPeer | null): RequestedPeer[] {
    const others = this.debtorsOf(block).filter((peer) => peer !== from);
    this.#doubles.delete(block);
    if (this.#askers[block] !== null) this.#owed -= 1;
    this.#askers[block] = null;
    if (this.#settled[block] === 0) {
      this.#settled[block] = 1;
      this.#unasked -= 1;
    }
    return others;
  }

  /** The block began to come from this peer, and comes too slowly to wait for: it owes it again. */
  owesStill(block: number, peer: RequestedPeer): void {
    this.#askers[block] = peer;
    this.#owed += 1;
  }

  /** Each block that is owed, with the peers that owe it. */
  owedBlocks(): [block: number, peer: RequestedPeer][] {
    const owed: [number, RequestedPeer][] = [...this.#doubles];
    for (const [block, peer] of this.#askers.entries()) if (peer !== null) owed.push([block, peer]);
    return owed;
  }

  /** Nobody owes the block and it has not come: it must be asked for again. */
  reopen(block: number): void {
    this.#settled[block] = 0;
    this.#unasked += 1;
    if (block < this.#from) this.#from = block;
  }

  #next(peer: RequestedPeer, now: number): number {
    const { refusals } = peer.book;
    while (this.#from < this.blocks && this.#settled[this.#from] === 1) this.#from += 1;
    for (let block = this.#from; block < this.blocks; block++) {
      if (this.#settled[block] === 1 || refusals?.bars(this.piece, block, now) === true) continue;
      return block;
    }
    return -1;
  }

  /** True if nobody owes the block any more. */
  #relieve(block: number, peer: RequestedPeer): boolean {
    const double = this.#doubles.get(block);
    if (double === peer) {
      this.#doubles.delete(block);
      return false;
    }
    if (this.#askers[block] !== peer) return false;
    this.#doubles.delete(block);
    this.#askers[block] = double ?? null;
    if (double !== undefined) return false;
    this.#owed -= 1;
    return true;
  }
}
