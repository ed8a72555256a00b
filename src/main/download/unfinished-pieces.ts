/** Unfinished pieces outlive a run: their blocks go from the slots to a file at its end, and back into slots when the next run begins. */
import type { Arena } from '../../shared/arena.ts';
import { blocksOfPiece, dataOfPiece, lengthOfBlock } from '../../shared/geometry.ts';
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import type { FullPiece } from '../../shared/messages.ts';
import { EARLIER_RUN, type Sender } from '../../shared/sender.ts';
import { EARLIER_RUN_OWNER } from '../../shared/slot-owner.ts';
import { type BlockFile, type BlockRun, blockRuns } from '../storage/block-file.ts';
import type { Verdicts } from './verdicts.ts';

type Pieces = Pick<Ledger, 'stateOf' | 'isWanted' | 'complete'>;
/** `arena`: null when its memory is gone. `held`: slots whose pieces were full. */
type Slots = Pick<Verdicts, 'arena' | 'held'>;

export class UnfinishedPieces {
  readonly #file: BlockFile;
  readonly #ledger: Pieces;
  readonly #slots: Slots;
  #reading: Promise<void> | null = null;
  #hasRestored = false;
  #keptBytes = 0;
  #ending: Promise<void> | null = null;

  private constructor(file: BlockFile, ledger: Pieces, slots: Slots) {
    this.#file = file;
    this.#ledger = ledger;
    this.#slots = slots;
  }

  /** Null: nothing is kept. */
  static of(file: BlockFile | null, ledger: Pieces, slots: Slots): UnfinishedPieces | null {
    return file === null ? null : new UnfinishedPieces(file, ledger, slots);
  }

  /**
   * Puts the blocks of the run before into slots that are parked, so the next holder of each piece goes on there. No holder may have
   * begun. Never rejects: what cannot be read is fetched again.
   */
  restore(): Promise<void> {
    this.#reading ??= this.#restore().catch(() => {});
    return this.#reading;
  }

  async #restore(): Promise<void> {
    const { arena } = this.#slots;
    if (arena === null) return;
    const slots = new Map<PieceIndex, SlotIndex>();
    const place = (piece: PieceIndex) => {
      const isNeeded = this.#ledger.stateOf(piece) === PIECE_STATE.missing;
      const slot = isNeeded && !slots.has(piece) ? arena.claim(piece, EARLIER_RUN_OWNER) : null;
      if (slot === null) return null;
      slots.set(piece, slot);
      return (run: BlockRun) => memoryOf(arena, slot, run);
    };
    try {
      await this.#file.take(place, ({ piece, runs }) => {
        const slot = slots.get(piece) as SlotIndex;
        this.#hasRestored = true;
        for (const block of blocksIn(runs).slice(0, blocksOfPiece(arena.geometry, piece) - 1)) {
          arena.take(slot, block);
          arena.receive(slot, block, EARLIER_RUN);
        }
      });
    } finally {
      for (const slot of slots.values()) arena.park(slot, true);
    }
  }

  /** Bytes of these pieces that came from the run before. */
  bytesOf(pieces: readonly FullPiece[]): number {
    const { arena } = this.#slots;
    if (!this.#hasRestored || arena === null) return 0;
    return pieces.reduce((sum, { slot }) => sum + bytesFrom(arena, slot, isOfEarlierRun), 0);
  }

  /** Bytes that this run received, and keeps for the next one. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /**
   * The end of a run: writes what is in the slots, once no holder writes into them any more. If this run did not come to read what
   * the run before it has left, that stays. Never rejects: without the file, the blocks are fetched again.
   */
  keep(): Promise<void> {
    this.#ending ??= this.#keep().catch(() => {});
    return this.#ending;
  }

  async #keep(): Promise<void> {
    const { arena } = this.#slots;
    if (this.#ledger.complete) return this.#file.remove();
    if (this.#reading === null || arena === null) return;
    await this.#reading;
    const slots = new Map<PieceIndex, SlotIndex>();
    for (let at = 0; at < arena.slotCount; at++) {
      const slot = at as SlotIndex;
      if (this.#isKept(arena, slot)) slots.set(arena.pieceOf(slot), slot);
    }
    const kept = [...slots].map(([piece, slot]) => ({
      piece: {
        piece,
        runs: blockRuns(blocksOfPiece(arena.geometry, piece), (block) => arena.hasReceived(slot, block)),
      },
      memory: (run: BlockRun) => memoryOf(arena, slot, run),
    }));
    if (kept.length === 0) return;
    await this.#file.write(kept);
    for (const slot of slots.values())
      this.#keptBytes += bytesFrom(arena, slot, (sender) => !isOfEarlierRun(sender));
  }

  /** A piece with blocks that nothing speaks against: one that was full and is not verified was bad. */
  #isKept(arena: Arena, slot: SlotIndex): boolean {
    if (this.#slots.held.has(slot)) return false;
    if (arena.ownerOf(slot) === 0 || arena.isDiscarded(slot) || arena.receivedCount(slot) === 0) return false;
    if (arena.isSolo(slot) || arena.avoidedIn(slot).length > 0) return false;
    return this.#ledger.isWanted(arena.pieceOf(slot));
  }
}

function isOfEarlierRun(sender: Sender): boolean {
  return sender === EARLIER_RUN;
}

/** Without padding: it counts for nothing. */
function bytesFrom(arena: Arena, slot: SlotIndex, isCounted: (sender: Sender) => boolean): number {
  const piece = arena.pieceOf(slot);
  let bytes = 0;
  for (const [block, sender] of arena.senders(slot).entries())
    if (sender !== null && isCounted(sender)) bytes += lengthOfBlock(arena.geometry, piece, block);
  return Math.min(bytes, dataOfPiece(arena.geometry, piece));
}

function memoryOf(arena: Arena, slot: SlotIndex, { from, to }: BlockRun): Uint8Array {
  const last = to - 1;
  const end = arena.offsetOf(slot, last) + lengthOfBlock(arena.geometry, arena.pieceOf(slot), last);
  return arena.bytes.subarray(arena.offsetOf(slot, from), end);
}

function blocksIn(runs: readonly BlockRun[]): number[] {
  return runs.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
}
