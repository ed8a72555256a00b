/**
 * A run of pieces that one request streams into the arena: claimed together, filled in order, each reported when it is whole.
 * Whatever is not whole at the end goes back.
 */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { FullPiece } from '../../shared/messages.ts';

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
  /** Pieces that are whole. */
  #done = 0;

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
    this.start = first * g.pieceLength;
    const last = (first + slots.length - 1) as PieceIndex;
    this.end = last * g.pieceLength + lengthOfPiece(g, last);
    this.#at = this.start;
  }

  /** Where the next byte belongs. */
  get at(): number {
    return this.#at;
  }

  /** Takes in the next bytes of the run; what lies beyond its end is dropped. */
  write(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0 && this.#at < this.end) {
      const part = rest.subarray(0, this.#roomInPiece());
      const { slot, within } = this.#place();
      this.#arena.bytes.set(part, this.#arena.offsetOf(slot, 0) + within);
      this.#advance(part.length);
      rest = rest.subarray(part.length);
    }
  }

  /** The next `length` bytes are padding (BEP 47). */
  writeZeros(length: number): void {
    for (let left = Math.min(length, this.end - this.#at); left > 0; ) {
      const count = Math.min(left, this.#roomInPiece());
      const { slot, within } = this.#place();
      const from = this.#arena.offsetOf(slot, 0) + within;
      this.#arena.bytes.fill(0, from, from + count);
      this.#advance(count);
      left -= count;
    }
  }

  /** Gives back what is not whole. */
  giveBack(): void {
    for (let i = this.#done; i < this.#slots.length; i++) {
      this.#arena.abandon(this.#slots[i] as SlotIndex);
      this.#ledger.release((this.first + i) as PieceIndex, this.#owner);
    }
    this.#done = this.#slots.length;
  }

  #place(): { readonly slot: SlotIndex; readonly within: number } {
    const i = Math.floor((this.#at - this.start) / this.#arena.geometry.pieceLength);
    return {
      slot: this.#slots[i] as SlotIndex,
      within: (this.#at - this.start) % this.#arena.geometry.pieceLength,
    };
  }

  #roomInPiece(): number {
    const { pieceLength } = this.#arena.geometry;
    return Math.min(pieceLength - ((this.#at - this.start) % pieceLength), this.end - this.#at);
  }

  #advance(count: number): void {
    const { slot, within } = this.#place();
    const piece = (this.first + this.#done) as PieceIndex;
    const before = Math.floor(within / BLOCK_BYTES);
    this.#at += count;
    const length = lengthOfPiece(this.#arena.geometry, piece);
    const whole = within + count === length;
    const blocks = whole
      ? blocksOfPiece(this.#arena.geometry, piece)
      : Math.floor((within + count) / BLOCK_BYTES);
    for (let block = before; block < blocks; block++) {
      this.#arena.take(slot, block);
      this.#arena.receive(slot, block);
    }
    if (!whole) return;
    this.#done += 1;
    if (this.#ledger.fill(piece, this.#owner)) this.#onFull({ piece, slot });
    this.#arena.leave(slot, this.#owner);
  }
}
