/**
 * Blocks that a peer rejected (BEP 6). Each is requested from it again after a wait that doubles with every rejection of the
 * same block: the peer may be the only one that has it, and it may reject because its queue was full.
 */
import { FIRST_REFUSAL_MS, MAX_REFUSAL_MS } from '../../shared/limits.ts';

interface Refusal {
  readonly until: number;
  readonly times: number;
}

export class Refusals {
  readonly #byPiece = new Map<number, Map<number, Refusal>>();

  note(piece: number, block: number, now: number): void {
    const blocks = this.#byPiece.get(piece) ?? new Map<number, Refusal>();
    this.#byPiece.set(piece, blocks);
    const times = (blocks.get(block)?.times ?? 0) + 1;
    const waitMs = Math.min(MAX_REFUSAL_MS, FIRST_REFUSAL_MS * 2 ** (times - 1));
    blocks.set(block, { until: now + waitMs, times });
  }

  /** The block must not be requested yet. */
  bars(piece: number, block: number, now: number): boolean {
    return (this.#byPiece.get(piece)?.get(block)?.until ?? 0) > now;
  }

  /** No block of the piece may be requested. */
  barsAll(piece: number, blocks: number, now: number): boolean {
    const barred = this.#byPiece.get(piece);
    if (barred === undefined || barred.size < blocks) return false;
    return [...barred.values()].every(({ until }) => until > now);
  }

  /** The block arrived after all. */
  forgive(piece: number, block: number): void {
    const blocks = this.#byPiece.get(piece);
    if (blocks?.delete(block) && blocks.size === 0) this.#byPiece.delete(piece);
  }
}
