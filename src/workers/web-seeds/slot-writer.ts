/**
 * A run of pieces that one request streams into the arena: claimed together, filled in order, each reported when it is whole.
 * In the endgame a shard with idle peers may join such a slot as it may any other, so each block is taken before it is
 * written, and what a guest has taken is passed over.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { copyShared } from '../../shared/shared-copy.ts';

export class SlotWriter {
  readonly first: PieceIndex;
  /** Bytes of the torrent: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #owner: ShardId;
  readonly #slots: readonly SlotIndex[];
  readonly #onFull: (full: FullPiece) => void;
  #at: number;
  /** The block under way is ours to write. */
  #taken = false;
  /** Pieces that are not settled yet, as positions in the run. */
  readonly #open: Set<number>;

  constructor(
    ledger: Ledger,
    arena: Arena,
    owner: ShardId,
    first: PieceIndex,
    slots: readonly SlotIndex[],
    onFull: (full: FullPiece) => void,
  ) {
    const g = arena.geometry;
    this.#ledger = ledger;
    this.#arena = arena;
    this.#owner = owner;
    this.first = first;
    this.#slots = slots;
    this.#onFull = onFull;
    this.#open = new Set(slots.keys());
    this.start = first * g.pieceLength;
    const last = (first + slots.length - 1) as PieceIndex;
    this.end = last * g.pieceLength + lengthOfPiece(g, last);
    this.#at = this.start;
  }

  /** Where the next byte belongs. */
  get at(): number {
    return this.#at;
  }

  get pieces(): number {
    return this.#slots.length;
  }

  /** Takes in the next bytes of the run; what lies beyond its end is dropped. */
  write(bytes: Buffer): void {
    for (let from = 0; from < bytes.length && this.#at < this.end; ) {
      const to = Math.min(bytes.length, from + this.#roomInBlock());
      const start = from;
      this.#put((target, offset) => copyShared(target, offset, bytes, start, to), to - from);
      from = to;
    }
  }

  /** The next `length` bytes are padding (BEP 47). */
  writeZeros(length: number): void {
    for (let left = Math.min(length, this.end - this.#at); left > 0; ) {
      const count = Math.min(left, this.#roomInBlock());
      this.#put((target, offset) => target.fill(0, offset, offset + count), count);
      left -= count;
    }
  }

  /** No more comes: a block under way is left to others. */
  breakOff(): void {
    if (!this.#taken || this.#at >= this.end) return;
    const { slot, block } = this.#place();
    this.#arena.untake(slot, block);
    this.#taken = false;
  }

  /**
   * After the last byte: lets go of pieces that are whole, and gives back those that no guest is at work on. True once nothing
   * is left to let go of.
   */
  settle(): boolean {
    for (const i of this.#open) {
      const slot = this.#slots[i] as SlotIndex;
      const piece = (this.first + i) as PieceIndex;
      if (this.#arena.receivedCount(slot) === blocksOfPiece(this.#arena.geometry, piece))
        this.#arena.leave(slot, this.#owner);
      else if (this.#arena.abandon(slot)) this.#ledger.release(piece, this.#owner);
      else continue;
      this.#open.delete(i);
    }
    return this.#open.size === 0;
  }

  #put(copy: (target: Buffer, offset: number) => void, count: number): void {
    const { i, slot, block, within } = this.#place();
    if (within === 0) this.#taken = this.#arena.take(slot, block);
    if (this.#taken) copy(this.#arena.bytes, this.#arena.offsetOf(slot, block) + within);
    const isEnd = count === this.#roomInBlock();
    this.#at += count;
    if (!isEnd || !this.#taken) return;
    this.#taken = false;
    if (!this.#arena.receive(slot, block)) return;
    const piece = (this.first + i) as PieceIndex;
    if (this.#ledger.fill(piece, this.#owner)) this.#onFull({ piece, slot });
    this.#arena.leave(slot, this.#owner);
    this.#open.delete(i);
  }

  #place(): {
    readonly i: number;
    readonly slot: SlotIndex;
    readonly block: number;
    readonly within: number;
  } {
    const { pieceLength } = this.#arena.geometry;
    const i = Math.floor((this.#at - this.start) / pieceLength);
    const inPiece = (this.#at - this.start) % pieceLength;
    const block = Math.floor(inPiece / BLOCK_BYTES);
    return { i, slot: this.#slots[i] as SlotIndex, block, within: inPiece % BLOCK_BYTES };
  }

  #roomInBlock(): number {
    const { pieceLength } = this.#arena.geometry;
    const inPiece = (this.#at - this.start) % pieceLength;
    const toBlockEnd = BLOCK_BYTES - (inPiece % BLOCK_BYTES);
    return Math.min(toBlockEnd, pieceLength - inPiece, this.end - this.#at);
  }
}
