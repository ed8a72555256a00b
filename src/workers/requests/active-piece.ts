/**
 * A piece that this shard is fetching: which of its blocks were asked for, and who had a hand in it. The bytes and the
 * marks of what arrived are in the arena; this is the shard's own side of the book.
 */
import type { PeerIndex, PieceIndex, SlotIndex } from '../../shared/indices.ts';

export class ActivePiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
  readonly blocks: number;
  /** Failed its hash before: blocks from one peer only, so that the next failure names the culprit. */
  readonly solo: boolean;
  /** Peers that sent at least one of its blocks. */
  readonly contributors = new Set<PeerIndex>();
  /** Peers that fetch from it as their current piece. */
  users = 0;
  /** Blocks asked for that have not come. */
  owed = 0;
  /** Blocks that are being received at this moment: while there are any, the slot must stay. */
  receivers = 0;
  lastChange: number;
  /** 1 where the block was asked for or has come. */
  readonly #asked: Uint8Array;
  #unasked: number;
  #from = 0;

  constructor(piece: PieceIndex, slot: SlotIndex, blocks: number, solo: boolean, now: number) {
    this.piece = piece;
    this.slot = slot;
    this.blocks = blocks;
    this.solo = solo;
    this.lastChange = now;
    this.#asked = new Uint8Array(blocks);
    this.#unasked = blocks;
  }

  get unasked(): number {
    return this.#unasked;
  }

  /** The next block to ask for, now marked as asked; -1 where all are. */
  ask(): number {
    while (this.#from < this.blocks && this.#asked[this.#from] === 1) this.#from += 1;
    if (this.#from === this.blocks) return -1;
    this.#asked[this.#from] = 1;
    this.#unasked -= 1;
    this.owed += 1;
    return this.#from++;
  }

  /** A block that was asked for will not come. */
  giveBack(block: number): void {
    this.#asked[block] = 0;
    this.#unasked += 1;
    this.owed -= 1;
    if (block < this.#from) this.#from = block;
  }

  /** A block came that nobody asks for any more (a late answer): it need not be asked for again. */
  cameUnasked(block: number): void {
    if (this.#asked[block] === 1) return;
    this.#asked[block] = 1;
    this.#unasked -= 1;
  }
}
