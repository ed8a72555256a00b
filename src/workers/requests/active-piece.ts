/**
 * A piece that this shard is fetching: who was asked for which block, and who had a hand in it. The bytes and the marks of
 * what arrived are in the arena; this is the shard's own side of the book.
 */
import type { PeerIndex, PieceIndex, SlotIndex } from '../../shared/indices.ts';
import type { RequestedPeer } from './requester.ts';

export class ActivePiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  /** Failed its hash before: blocks from one peer only, so that the next failure names the culprit. */
  readonly solo: boolean;
  /** The slot is another shard's, which this one joined. */
  readonly guest: boolean;
  /** Blocks whose doubled bit this shard has set. */
  readonly doubled = new Set<number>();
  /** Who sent each block; null where it has not come. */
  readonly senders: (PeerIndex | null)[];
  /** Peers that sent at least one of its blocks. */
  readonly contributors = new Set<PeerIndex>();
  /** Peers that fetch from it as their current piece. */
  users = 0;
  /** Peers that are sending a block at this moment: while there are any, the slot must stay. */
  readonly receivers = new Set<RequestedPeer>();
  /** Blocks that came too slowly and were begun anew with somebody else. */
  readonly takenFromCrawler = new Set<number>();
  /** When a block was last asked for, or came. */
  lastChange: number;
  /** When a block last came, or the piece was begun. */
  lastBlock: number;
  /** Who owes the block; null where nobody does. */
  readonly #askers: (RequestedPeer | null)[];
  /** The second peer of a block that two were asked for. */
  readonly #doubles = new Map<number, RequestedPeer>();
  /** 1 where the block has come, or is asked for: it need not be asked for again. */
  readonly #settled: Uint8Array;
  #unasked: number;
  #owed = 0;
  #from = 0;

  constructor(
    piece: PieceIndex,
    slot: SlotIndex,
    blocks: number,
    now: number,
    kind: 'ours' | 'solo' | 'guest' = 'ours',
  ) {
    this.piece = piece;
    this.slot = slot;
    this.blocks = blocks;
    this.solo = kind === 'solo';
    this.guest = kind === 'guest';
    this.lastChange = now;
    this.lastBlock = now;
    this.senders = new Array<PeerIndex | null>(blocks).fill(null);
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

  /** The next block to ask `peer` for, now in its name; -1 where none is left. */
  ask(peer: RequestedPeer): number {
    while (this.#from < this.blocks && this.#settled[this.#from] === 1) this.#from += 1;
    if (this.#from === this.blocks) return -1;
    const block = this.#from++;
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

  /** The block will not come from this peer. Another who was asked for it still owes it. */
  giveBack(block: number, peer: RequestedPeer): void {
    if (this.#relieve(block, peer)) this.reopen(block);
  }

  /** The same, but another shard is sending the block: it need not be asked for, unless that breaks off. */
  lend(block: number, peer: RequestedPeer): void {
    this.#relieve(block, peer);
  }

  /** Neither owed, nor to be asked for: it has come, is coming, or another shard sees to it. */
  isSettled(block: number): boolean {
    return this.#settled[block] === 1 && this.#askers[block] === null;
  }

  hasDouble(block: number): boolean {
    return this.#doubles.has(block);
  }

  /** The block begins to come, from anybody: nobody owes it any more. Returns the others who were asked for it. */
  came(block: number, from: RequestedPeer | null): RequestedPeer[] {
    const askers = [this.#askers[block], this.#doubles.get(block)];
    this.#doubles.delete(block);
    if (this.#askers[block] !== null) this.#owed -= 1;
    this.#askers[block] = null;
    if (this.#settled[block] === 0) {
      this.#settled[block] = 1;
      this.#unasked -= 1;
    }
    return askers.filter((peer) => peer !== null && peer !== undefined && peer !== from) as RequestedPeer[];
  }

  /** The block is there, from this peer. */
  received(block: number, from: PeerIndex, now: number): void {
    this.senders[block] = from;
    this.contributors.add(from);
    this.lastChange = now;
    this.lastBlock = now;
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
