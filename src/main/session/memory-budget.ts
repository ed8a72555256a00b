/**
 * Divides the memory for pieces among the torrents that download. Shared memory cannot shrink while threads hold it. So a torrent
 * keeps its part from the moment when its files are known until its run ends, and the next torrent waits for free memory. If the
 * run stalls while others wait, it ends and waits in the queue again.
 */
import type { Geometry } from '../../shared/geometry.ts';
import { BLOCK_BYTES, LARGE_PIECE_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { formatSize } from '../text/units.ts';

interface Waiting {
  readonly least: number;
  readonly wanted: number;
  grant(share: MemoryShare): void;
}

/** What one torrent has. */
export interface MemoryShare {
  readonly bytes: number;
  /** The torrent does nothing with it. Returns true if another one waits for it: then release it soon. */
  offer(): boolean;
  /** For the others. Once. */
  release(): void;
}

export class MemoryBudget {
  readonly #total: number;
  readonly #expected: number;
  #free: number;
  /** What will be released soon for those that wait. */
  #offered = 0;
  /** In the order in which they asked. */
  readonly #waiting = new Set<Waiting>();

  /** `expected`: how many torrents download at one time; 0 if unknown. Infinity is no limit. */
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
   * Resolves to the share of the torrent, at most `wanted` bytes, when there is room for two pieces (for one if pieces are huge).
   * Rejects with a `usage` failure if one piece is larger than the whole budget, and with the reason of `signal`.
   */
  async take(geometry: Geometry, wanted: number, signal: AbortSignal): Promise<MemoryShare> {
    const piece = pieceBytes(geometry);
    if (piece > this.#total)
      throw new Failure(
        'usage',
        `one piece of this torrent has ${formatSize(piece)}, and --memory allows ${formatSize(this.#total)}: give it more`,
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
        grant: (share) => {
          signal.removeEventListener('abort', abort);
          resolve(share);
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.add(one);
      this.#serve();
    });
  }

  #shareOf(bytes: number): MemoryShare {
    let isOffered = false;
    return {
      bytes,
      offer: () => {
        const [first] = this.#waiting;
        if (isOffered) return true;
        if (first === undefined || first.least <= this.#free + this.#offered) return false;
        this.#offered += bytes;
        isOffered = true;
        return true;
      },
      release: () => {
        if (isOffered) this.#offered -= bytes;
        this.#free += bytes;
        this.#serve();
      },
    };
  }

  /** In order, so that small torrents cannot pass a large one for ever. */
  #serve(): void {
    for (const one of this.#waiting) {
      if (one.least > this.#free) return;
      this.#waiting.delete(one);
      const bytes = Math.min(this.#free, Math.max(one.least, Math.min(one.wanted, this.#part)));
      this.#free -= bytes;
      one.grant(this.#shareOf(bytes));
    }
  }

  /** The most that one torrent gets beyond its minimum: an equal part, or half of the free memory if their number is unknown. */
  get #part(): number {
    return this.#expected > 0 ? Math.floor(this.#total / this.#expected) : Math.floor(this.#free / 2);
  }
}

function pieceBytes({ blocksPerPiece }: Geometry): number {
  return blocksPerPiece * BLOCK_BYTES;
}

/** Two pieces, so that one can be written while the next arrives; one if pieces are huge. */
function twoPieces(geometry: Geometry): number {
  const piece = pieceBytes(geometry);
  return piece >= LARGE_PIECE_BYTES || geometry.pieceCount === 1 ? piece : 2 * piece;
}
