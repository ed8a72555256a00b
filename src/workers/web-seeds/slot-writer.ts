/**
 * Writes a server's bytes into the slots of a run: pieces in a row, claimed together and filled in order, or one piece of a shard
 * that the web seeds joined as its guest. Others may write into the same slots: our guest, or the owner if we are the guest. So a
 * block is taken only when all of it has arrived; otherwise a very slow server would keep it from the others. Blocks that another
 * holder has taken are skipped. Blocks that are still missing at the end can be requested again (`rewind`).
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, endOfPiece, lengthOfBlock, offsetOfPiece, pieceAt } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES, MAX_WEB_SEEDS } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { webSeedAsSender } from '../../shared/sender.ts';
import { copyShared } from '../../shared/shared-copy.ts';

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** The sender of a block that came from several web seeds. No web seed has this number, so none is blamed. */
const SEVERAL = webSeedAsSender(MAX_WEB_SEEDS);

export interface SlotHolder {
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly shard: ShardId;
  /** The last block arrived here; `only`: the web seed that sent all blocks, if a single one did. */
  onFull(full: FullPiece, only: number | null): void;
  /** Bytes arrived that cannot be used. */
  onWasted(bytes: number): void;
}

interface Held {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  /** True if blocks arrived here. */
  isFruitful: boolean;
}

export class SlotWriter {
  readonly role: 'owner' | 'guest';
  /** Several web seeds fetch the run together, each the files that it has. */
  readonly joint: boolean;
  /** The piece failed its hash check before: it avoids some senders, or takes all blocks from one. */
  readonly hasRules: boolean;
  /** The web seed whose bytes arrive. */
  sender: number;
  readonly #holder: SlotHolder;
  readonly #first: PieceIndex;
  #at: number;
  #end: number;
  /** The first bytes of the current block, if it arrives in parts. */
  readonly #partial = Buffer.allocUnsafe(BLOCK_BYTES);
  /** True if those bytes came from another web seed. */
  #isMixed = false;
  readonly #held: readonly Held[];
  /** The pieces that are not settled, as positions in the run. */
  readonly #open: Set<number>;

  /** `slots`: the slots of consecutive pieces, starting with `first`. */
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
    this.#first = first;
    this.#at = this.#startOf(0);
    this.#end = this.#endOf(slots.length - 1);
  }

  /** The position in the torrent of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** The position in the torrent after the last wanted byte. */
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

  /** True if others have completed the piece of the next byte. Padding at its end tells nothing: nobody fetches it. */
  get isOvertaken(): boolean {
    if (this.#at >= this.#end) return false;
    const i = this.#position();
    return !this.#open.has(i) && this.#place(i).block < (this.#held[i] as Held).blocks;
  }

  /** True if the next byte is in the middle of a block. */
  get isInBlock(): boolean {
    return this.#at < this.#end && this.#place(this.#position()).within > 0;
  }

  /** Writes the next bytes. Bytes after the end are dropped. */
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
      // In version 2, a file may end before the next piece begins.
      if (this.#at === this.#endOf(i) && this.#at < this.#end) this.#at = this.#startOf(i + 1);
      from = to;
    }
  }

  /** Bytes arrived that come before the wanted ones. */
  passOver(length: number): void {
    this.#holder.onWasted(length);
  }

  /** The next `length` bytes are padding (BEP 47). */
  writeZeros(length: number): void {
    for (let left = length; left > 0; left -= ZEROS.length)
      this.write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }

  /**
   * Another web seed continues the run. A block that is in progress starts again, because each block has one sender. In a joint
   * run the block goes on: its files come from several web seeds, and none of them can be blamed.
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
   * Leaves the slots of complete pieces, and as a guest those that the owner gave up. As the owner, clears what a dead guest was
   * writing. True if no piece is left.
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

  /** Goes back to the first missing block that no other holder is writing; false if there is none. */
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

  /** Gives back pieces at the end of the run that start after this byte, unless another holder works on them. */
  shorten(behind: number): void {
    if (this.role === 'guest') return;
    for (let i = this.#held.length - 1; i > 0; i--) {
      const mayGo = this.#startOf(i) >= Math.max(behind, this.#at + 1) && this.#startOf(i) < this.#end;
      if (!mayGo || !this.#open.has(i) || !this.#giveBack(i)) continue;
      this.#end = this.#startOf(i);
    }
  }

  /** Nothing more will be written: gives back the pieces that no other holder works on. True if no piece is left. */
  settle(): boolean {
    if (this.collect()) return true;
    for (const i of this.#open) {
      if (this.role === 'guest') this.#leave(i);
      else this.#giveBack(i);
    }
    return this.#open.size === 0;
  }

  /** Writes a complete block, unless another holder took it first. */
  #put(i: number, block: number, bytes: Buffer, from: number, to: number): void {
    const isMixed = this.#isMixed;
    this.#isMixed = false;
    const { arena, ledger } = this.#holder;
    const held = this.#held[i] as Held;
    if (block >= held.blocks) return;
    if (!this.#open.has(i)) return this.#holder.onWasted(to - from);
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

  /** Web seeds take a block only when it is complete. So a block that is taken but not received belongs to the dead guest. */
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
    return pieceAt(this.#holder.arena.geometry, this.#at) - this.#first;
  }

  #startOf(i: number): number {
    return offsetOfPiece(this.#holder.arena.geometry, this.#first + i);
  }

  #endOf(i: number): number {
    return endOfPiece(this.#holder.arena.geometry, (this.#held[i] as Held).piece);
  }

  /** The current block, how many bytes of it have arrived, and its length. */
  #place(i: number): { readonly block: number; readonly within: number; readonly length: number } {
    const inPiece = this.#at - this.#startOf(i);
    const block = Math.floor(inPiece / BLOCK_BYTES);
    const length = lengthOfBlock(this.#holder.arena.geometry, (this.#held[i] as Held).piece, block);
    return { block, within: inPiece % BLOCK_BYTES, length };
  }
}
