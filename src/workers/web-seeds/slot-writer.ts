/**
 * Pieces in a row into which a server's bytes stream: claimed together and filled in order, or one piece of a shard's that the
 * web seeds joined as its guest. Others may write into the same slots: a guest of ours, or the owner whose guest we are. So a
 * block is taken only once all of it is here (a server that crawls would keep it from everybody), what another has taken is
 * passed over, and what is still absent at the end can be asked for once more (`rewind`).
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, lengthOfBlock, lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES, MAX_WEB_SEEDS } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { webSeedAsSender } from '../../shared/sender.ts';
import { copyShared } from '../../shared/shared-copy.ts';

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Stands for several web seeds that sent a block together: there is no such one, so that none of them is blamed. */
const SEVERAL = webSeedAsSender(MAX_WEB_SEEDS);

export interface SlotHolder {
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly shard: ShardId;
  /** The last block came here; `only`: the web seed that sent all of them, if one did. */
  onFull(full: FullPiece, only: number | null): void;
  /** Bytes came that were of no use. */
  onWasted(bytes: number): void;
}

interface Held {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  /** Blocks came here. */
  isFruitful: boolean;
}

export class SlotWriter {
  readonly role: 'owner' | 'guest';
  /** Several web seeds fetch it together, each the files that it has. */
  readonly joint: boolean;
  /** A piece that failed its hash before: blocks of some senders are not wanted, or those of one only. */
  readonly hasRules: boolean;
  /** The web seed whose bytes come in. */
  sender: number;
  readonly #holder: SlotHolder;
  readonly #start: number;
  #at: number;
  #end: number;
  /** The beginning of the block under way, where it came in parts. */
  readonly #partial = Buffer.allocUnsafe(BLOCK_BYTES);
  /** That beginning came from another web seed. */
  #isMixed = false;
  readonly #held: readonly Held[];
  /** Pieces that are not settled yet, as positions in the run. */
  readonly #open: Set<number>;

  /** `slots`: of pieces in a row, the first of which is `first`. */
  constructor(
    holder: SlotHolder,
    role: 'owner' | 'guest',
    sender: number,
    first: PieceIndex,
    slots: readonly SlotIndex[],
    joint = false,
  ) {
    const { geometry } = holder.arena;
    this.role = role;
    this.joint = joint;
    this.hasRules = slots.some(
      (slot) => holder.arena.isSolo(slot) || holder.arena.avoidedIn(slot).length > 0,
    );
    this.sender = sender;
    this.#holder = holder;
    this.#held = slots.map((slot, i) => {
      const piece = (first + i) as PieceIndex;
      return { piece, slot, blocks: blocksOfPiece(geometry, piece), isFruitful: false };
    });
    this.#open = new Set(slots.keys());
    this.#start = first * geometry.pieceLength;
    this.#at = this.#start;
    this.#end = this.#endOf(slots.length - 1);
  }

  /** Where in the torrent the next byte belongs. */
  get at(): number {
    return this.#at;
  }

  /** Where in the torrent the last byte that is wanted ends. */
  get end(): number {
    return this.#end;
  }

  /** The pieces that are not settled. */
  get open(): readonly PieceIndex[] {
    return [...this.#open].map((i) => (this.#held[i] as Held).piece);
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** The piece to which the next byte belongs came whole from others. */
  get isOvertaken(): boolean {
    return this.#at < this.#end && !this.#open.has(this.#position());
  }

  /** The next byte belongs into the middle of a block. */
  get isInBlock(): boolean {
    return this.#at < this.#end && this.#place(this.#position()).within > 0;
  }

  /** Takes in the next bytes; what lies beyond the end is dropped. */
  write(bytes: Buffer): void {
    for (let from = 0; from < bytes.length && this.#at < this.#end; ) {
      const i = this.#position();
      const { block, within, length } = this.#place(i);
      const to = Math.min(bytes.length, from + length - within);
      if (to - from === length) this.#put(i, block, bytes, from, to);
      else {
        bytes.copy(this.#partial, within, from, to);
        if (within + to - from === length) this.#put(i, block, this.#partial, 0, length);
      }
      this.#at += to - from;
      from = to;
    }
  }

  /** Bytes came that lie before those that are wanted. */
  passOver(length: number): void {
    this.#holder.onWasted(length);
  }

  /** The next `length` bytes are padding (BEP 47). */
  writeZeros(length: number): void {
    for (let left = length; left > 0; left -= ZEROS.length)
      this.write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }

  /**
   * Another web seed goes on from here. A block under way is begun anew: each block has one sender. But where the files in it
   * come from several web seeds (`joint`) it has none that could be blamed.
   */
  handTo(sender: number, joint = false): void {
    this.sender = sender;
    if (this.#at === this.#end) return;
    const { within } = this.#place(this.#position());
    if (joint) this.#isMixed ||= within > 0;
    else {
      this.#at -= within;
      this.#holder.onWasted(within);
    }
  }

  /**
   * Lets go of pieces that are whole, and, as a guest, of those that the owner gave up; clears what a guest that died was
   * writing. True once no piece is left.
   */
  collect(): boolean {
    const { arena } = this.#holder;
    for (const i of this.#open) {
      const { slot, blocks } = this.#held[i] as Held;
      if (this.role === 'owner' && arena.lostGuest(slot)) this.#clearAfterGuest(slot, blocks);
      if (arena.receivedCount(slot) === blocks) this.#leave(i);
      else if (this.role === 'guest' && arena.isDiscarded(slot)) this.#leave(i);
    }
    return this.#open.size === 0;
  }

  /** Goes back to the first block that is absent and that no other is writing; false where there is none. */
  rewind(): boolean {
    const { arena } = this.#holder;
    let [first, last] = [-1, -1];
    for (const i of [...this.#open].sort((a, b) => a - b)) {
      const { piece, slot, blocks } = this.#held[i] as Held;
      for (let block = 0; block < blocks; block++) {
        if (arena.isTaken(slot, block)) continue;
        const at = this.#startOf(i) + block * BLOCK_BYTES;
        if (first < 0) first = at;
        last = at + lengthOfBlock(arena.geometry, piece, block);
      }
    }
    if (first < 0) return false;
    this.#isMixed = false;
    this.#at = first;
    this.#end = last;
    return true;
  }

  /** Gives back pieces at the end of the run that begin behind this byte, as far as no other is at work on them. */
  shorten(behind: number): void {
    if (this.role === 'guest') return;
    for (let i = this.#held.length - 1; i > 0; i--) {
      const mayGo = this.#startOf(i) >= Math.max(behind, this.#at + 1) && this.#startOf(i) < this.#end;
      if (!mayGo || !this.#open.has(i) || !this.#giveBack(i)) continue;
      this.#end = this.#startOf(i);
    }
  }

  /** Nothing more will be written: gives back what no other is at work on. True once no piece is left. */
  settle(): boolean {
    if (this.collect()) return true;
    for (const i of this.#open) {
      if (this.role === 'guest') this.#leave(i);
      else this.#giveBack(i);
    }
    return this.#open.size === 0;
  }

  /** A whole block, unless another was first. */
  #put(i: number, block: number, bytes: Buffer, from: number, to: number): void {
    const isMixed = this.#isMixed;
    this.#isMixed = false;
    const { arena, ledger } = this.#holder;
    if (!this.#open.has(i)) return this.#holder.onWasted(to - from);
    const held = this.#held[i] as Held;
    const { slot, piece } = held;
    if (!arena.take(slot, block)) return this.#holder.onWasted(to - from);
    copyShared(arena.bytes, arena.offsetOf(slot, block), bytes, from, to);
    held.isFruitful = true;
    if (!arena.receive(slot, block, isMixed ? SEVERAL : webSeedAsSender(this.sender))) return;
    const owner = arena.ownerOf(slot) as ShardId;
    const isNews = ledger.fill(piece, owner);
    const [only, second] = new Set(arena.senders(slot));
    const isOurs = second === undefined && only === webSeedAsSender(this.sender);
    this.#leave(i);
    if (isNews) this.#holder.onFull({ piece, slot }, isOurs ? this.sender : null);
  }

  /** Web seeds take a block only when it is whole: what is taken and not received is the dead one's. */
  #clearAfterGuest(slot: SlotIndex, blocks: number): void {
    const { arena } = this.#holder;
    for (let block = 0; block < blocks; block++)
      if (!arena.hasReceived(slot, block)) arena.untake(slot, block);
    arena.forgetGuest(slot);
  }

  #giveBack(i: number): boolean {
    const { arena, ledger, shard } = this.#holder;
    const { slot, piece, isFruitful } = this.#held[i] as Held;
    if (!arena.park(slot, isFruitful)) return false;
    ledger.release(piece, shard);
    return this.#open.delete(i);
  }

  #leave(i: number): void {
    const { arena, shard } = this.#holder;
    arena.leave((this.#held[i] as Held).slot, shard);
    this.#open.delete(i);
  }

  #position(): number {
    return Math.floor((this.#at - this.#start) / this.#holder.arena.geometry.pieceLength);
  }

  #startOf(i: number): number {
    return this.#start + i * this.#holder.arena.geometry.pieceLength;
  }

  #endOf(i: number): number {
    return this.#startOf(i) + lengthOfPiece(this.#holder.arena.geometry, (this.#held[i] as Held).piece);
  }

  /** The block under way, how much of it there is, and how much there will be. */
  #place(i: number): { readonly block: number; readonly within: number; readonly length: number } {
    const inPiece = this.#at - this.#startOf(i);
    const block = Math.floor(inPiece / BLOCK_BYTES);
    const length = lengthOfBlock(this.#holder.arena.geometry, (this.#held[i] as Held).piece, block);
    return { block, within: inPiece % BLOCK_BYTES, length };
  }
}
