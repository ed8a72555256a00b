/**
 * A run of pieces that one request streams into the arena: claimed together, filled in order, each reported when it is whole.
 * In the endgame a shard with idle peers may join such a slot as it may any other. So a block is taken only once all of it is
 * here (a server that crawls would keep it from everybody), and what a guest has taken is passed over.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type { Sender } from '../../shared/sender.ts';
import { copyShared } from '../../shared/shared-copy.ts';

const ZEROS = Buffer.alloc(BLOCK_BYTES);

export class SlotWriter {
  readonly first: PieceIndex;
  /** Bytes of the torrent: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  readonly #ledger: Ledger;
  readonly #arena: Arena;
  readonly #owner: ShardId;
  readonly #sender: Sender;
  readonly #slots: readonly SlotIndex[];
  readonly #onFull: (full: FullPiece) => void;
  #at: number;
  /** The beginning of the block under way, where it came in parts. */
  readonly #partial = Buffer.allocUnsafe(BLOCK_BYTES);
  /** Pieces that are not settled yet, as positions in the run. */
  readonly #open: Set<number>;

  constructor(
    ledger: Ledger,
    arena: Arena,
    owner: ShardId,
    sender: Sender,
    first: PieceIndex,
    slots: readonly SlotIndex[],
    onFull: (full: FullPiece) => void,
  ) {
    const g = arena.geometry;
    this.#ledger = ledger;
    this.#arena = arena;
    this.#owner = owner;
    this.#sender = sender;
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
      const { slot, block, within, length } = this.#place();
      const to = Math.min(bytes.length, from + length - within);
      if (to - from === length) this.#put(slot, block, bytes, from, to);
      else {
        bytes.copy(this.#partial, within, from, to);
        if (within + to - from === length) this.#put(slot, block, this.#partial, 0, length);
      }
      this.#at += to - from;
      from = to;
    }
  }

  /** The next `length` bytes are padding (BEP 47). */
  writeZeros(length: number): void {
    for (let left = length; left > 0; left -= ZEROS.length)
      this.write(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
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
      else if (this.#arena.park(slot, true)) this.#ledger.release(piece, this.#owner);
      else continue;
      this.#open.delete(i);
    }
    return this.#open.size === 0;
  }

  /** A whole block, unless a guest was first. */
  #put(slot: SlotIndex, block: number, bytes: Buffer, from: number, to: number): void {
    if (!this.#arena.take(slot, block)) return;
    copyShared(this.#arena.bytes, this.#arena.offsetOf(slot, block), bytes, from, to);
    if (!this.#arena.receive(slot, block, this.#sender)) return;
    const i = this.#slots.indexOf(slot);
    const piece = (this.first + i) as PieceIndex;
    if (this.#ledger.fill(piece, this.#owner)) this.#onFull({ piece, slot });
    this.#arena.leave(slot, this.#owner);
    this.#open.delete(i);
  }

  /** The block under way, how much of it there is, and how much there will be. */
  #place(): {
    readonly slot: SlotIndex;
    readonly block: number;
    readonly within: number;
    readonly length: number;
  } {
    const g = this.#arena.geometry;
    const i = Math.floor((this.#at - this.start) / g.pieceLength);
    const inPiece = (this.#at - this.start) % g.pieceLength;
    const block = Math.floor(inPiece / BLOCK_BYTES);
    const piece = (this.first + i) as PieceIndex;
    const length = Math.min(BLOCK_BYTES, lengthOfPiece(g, piece) - block * BLOCK_BYTES);
    return { slot: this.#slots[i] as SlotIndex, block, within: inPiece % BLOCK_BYTES, length };
  }
}
