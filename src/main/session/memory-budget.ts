/**
 * Memory for pieces, divided among the torrents that download. Shared memory cannot shrink while threads hold it, so a torrent
 * keeps its part from the moment when its files are ready until its run ends; the next one waits until there is room.
 */
import type { Geometry } from '../../shared/geometry.ts';
import { BLOCK_BYTES, LARGE_PIECE_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { formatSize } from '../text/units.ts';

interface Waiting {
  readonly least: number;
  readonly wanted: number;
  grant(bytes: number): void;
}

export class MemoryBudget {
  readonly #total: number;
  readonly #expected: number;
  #free: number;
  /** In the order in which they asked. */
  readonly #waiting = new Set<Waiting>();

  /** `expected`: torrents that download at one time; 0 where that is not known. Infinity is no bound. */
  constructor(totalBytes: number, expected: number) {
    this.#total = totalBytes;
    this.#expected = expected;
    this.#free = totalBytes;
  }

  get freeBytes(): number {
    return this.#free;
  }

  /** Torrents that wait for memory. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves to the bytes that the torrent may have, `wanted` at the most, when there is room for two pieces, or for one that
   * is huge. Rejects with a `usage` failure where that is more than all, and with the reason of `signal`.
   */
  async take(geometry: Geometry, wanted: number, signal: AbortSignal): Promise<number> {
    const piece = pieceBytes(geometry);
    if (piece > this.#total)
      throw new Failure(
        'usage',
        `one piece of this torrent has ${formatSize(piece)}, and --memory allows ${formatSize(this.#total)}: allow more`,
      );
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(one);
        reject(signal.reason);
        this.#serve();
      };
      const one: Waiting = {
        least: Math.min(twoPieces(geometry), this.#total),
        wanted,
        grant: (bytes) => {
          signal.removeEventListener('abort', abort);
          resolve(bytes);
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(one);
      this.#serve();
    });
  }

  giveBack(bytes: number): void {
    this.#free += bytes;
    this.#serve();
  }

  /** One after the other: a large one is not passed by small ones for ever. */
  #serve(): void {
    for (const one of this.#waiting) {
      if (one.least > this.#free) return;
      this.#waiting.delete(one);
      const bytes = Math.min(this.#free, Math.max(one.least, Math.min(one.wanted, this.#part)));
      this.#free -= bytes;
      one.grant(bytes);
    }
  }

  /** What one of them may have beyond its least: a part of all, or where nothing is known half of what is free. */
  get #part(): number {
    return this.#expected > 0 ? Math.floor(this.#total / this.#expected) : Math.floor(this.#free / 2);
  }
}

function pieceBytes({ blocksPerPiece }: Geometry): number {
  return blocksPerPiece * BLOCK_BYTES;
}

/** Two pieces, so that one can be written while the next arrives; of huge ones, one. */
function twoPieces(geometry: Geometry): number {
  const piece = pieceBytes(geometry);
  return piece >= LARGE_PIECE_BYTES || geometry.pieceCount === 1 ? piece : 2 * piece;
}
