/**
 * A piece that this shard is fetching: which peer owes which block. The bytes, the marks and the senders are in the arena;
 * this is the shard's own record.
 */
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { peerAsSender, type Sender } from '../../shared/sender.ts';
import type { RequestedPeer } from './requester.ts';

export interface PieceTerms {
  /** The slot belongs to another holder, and this shard is its guest. */
  readonly guest: boolean;
  /** It failed its hash check before: all blocks from one peer, so that the next failure shows which peer is guilty. */
  readonly solo: boolean;
  /** Senders whose blocks are not accepted: one of them is suspected of a bad block. */
  readonly avoid: readonly Sender[];
}

const NO_TERMS: PieceTerms = { guest: false, solo: false, avoid: [] };

export class ActivePiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  readonly terms: PieceTerms;
  /** Peers that have it as their current piece. */
  users = 0;
  /** Peers that are writing a block into the slot now: while there are any, the slot must stay. */
  readonly writers = new Set<RequestedPeer>();
  readonly begunAt: number;
  /** When the last block arrived, or the piece was begun. */
  lastBlock: number;
  /** The only peer that may send blocks of a solo piece; null until one begins. */
  #soloist: RequestedPeer | null = null;
  /** The peer that owes each block; null if none does. */
  readonly #askers: (RequestedPeer | null)[];
  /** The second peer of a block that was requested twice. */
  readonly #doubles = new Map<number, RequestedPeer>();
  /** 1 if the block has arrived or is requested: it need not be requested again. */
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

  /** Blocks that are neither requested nor received. */
  get unasked(): number {
    return this.#unasked;
  }

  /** Requested blocks that have not arrived. */
  get owed(): number {
    return this.#owed;
  }

  /** Blocks from this peer are accepted. */
  admits(peer: RequestedPeer): boolean {
    if (this.terms.solo && this.#soloist !== null && this.#soloist !== peer) return false;
    return this.terms.avoid.length === 0 || !this.terms.avoid.includes(peerAsSender(peer.index));
  }

  /** There is a block to request from this peer now. */
  hasFor(peer: RequestedPeer, now: number): boolean {
    if (this.#unasked === 0) return false;
    return peer.book.refusals === null || this.#next(peer, now) >= 0;
  }

  /** The next block to request from `peer`, now assigned to it; -1 if none is left. */
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

  /** Assigns to `peer` a block that another peer owes. False if no peer owes it, or two do already. */
  askAgain(block: number, peer: RequestedPeer): boolean {
    const owner = this.#askers[block];
    if (owner === null || owner === undefined || owner === peer || this.#doubles.has(block)) return false;
    this.#doubles.set(block, peer);
    return true;
  }

  /**
   * Assigns to `peer` a block that two others owe, in the place of one of them; `mayReplace` says for each whether this is
   * allowed. Returns the one that no longer owes it, or null if nothing changed.
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

  /** The block will not arrive from this peer. Another peer may still owe it. */
  giveBack(block: number, peer: RequestedPeer): void {
    if (this.#relieve(block, peer)) this.reopen(block);
  }

  /** The same, but another holder is sending the block: it need not be requested unless that ends early. */
  lend(block: number, peer: RequestedPeer): void {
    this.#relieve(block, peer);
  }

  /** Neither owed nor to be requested: it has arrived, is arriving, or another holder fetches it. */
  isSettled(block: number): boolean {
    return this.#settled[block] === 1 && this.#askers[block] === null;
  }

  /** The block begins to arrive, from any peer: no peer owes it any more. Returns the other peers that owed it. */
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

  /** The block began to arrive from this peer, but too slowly to wait for: the peer owes it again. */
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

  /** No peer owes the block and it has not arrived: it must be requested again. */
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

  /** True if no peer owes the block any more. */
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
