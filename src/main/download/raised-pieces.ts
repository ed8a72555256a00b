/** Pieces that readers wait for. A piece is requested before all others while it is in the window of at least one reader. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { PRIORITY, type Priority } from '../../shared/priority.ts';

export class RaisedPieces {
  readonly #ledger: Ledger;
  /** In how many windows the piece is, and its priority before. */
  readonly #raised = new Map<PieceIndex, { windows: number; readonly before: Priority }>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  raise(pieces: Iterable<PieceIndex>): void {
    const fresh: PieceIndex[] = [];
    for (const piece of pieces) {
      const known = this.#raised.get(piece);
      if (known !== undefined) known.windows += 1;
      else if (this.#ledger.stateOf(piece) !== PIECE_STATE.verified) {
        this.#raised.set(piece, { windows: 1, before: this.#ledger.priorityOf(piece) });
        fresh.push(piece);
      }
    }
    this.#ledger.setPriority(fresh, PRIORITY.now);
  }

  /** A piece that was verified when it was raised is not known here: no reader waits for it. */
  lower(pieces: Iterable<PieceIndex>): void {
    for (const piece of pieces) {
      const known = this.#raised.get(piece);
      if (known === undefined) continue;
      known.windows -= 1;
      if (known.windows > 0) continue;
      this.#raised.delete(piece);
      this.#ledger.setPriority([piece], known.before);
    }
  }
}

/** The pieces from a reader's position to the end of its read-ahead. It only moves forward. */
export class ReadingWindow {
  readonly #raised: RaisedPieces;
  #first = 0;
  #end = 0;

  constructor(raised: RaisedPieces) {
    this.#raised = raised;
  }

  /** The window is `[first, end)` from now on. */
  move(first: number, end: number): void {
    const [from, to] = [Math.max(this.#end, first), Math.min(this.#end, first)];
    this.#raised.raise(rowOf(from, end));
    this.#raised.lower(rowOf(this.#first, to));
    this.#first = first;
    this.#end = Math.max(end, first);
  }

  close(): void {
    this.move(this.#end, this.#end);
  }
}

function* rowOf(first: number, end: number): Iterable<PieceIndex> {
  for (let piece = first; piece < end; piece++) yield piece as PieceIndex;
}
