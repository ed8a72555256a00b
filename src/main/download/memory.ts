/** How much memory a download has for pieces on their way to the disk. */
import { Arena } from '../../shared/arena.ts';
import type { Geometry } from '../../shared/geometry.ts';
import {
  BLOCK_BYTES,
  DEFAULT_MEMORY_PIECES,
  LEAST_DEFAULT_MEMORY_BYTES,
  LEAST_SHARED_PIECES,
  MOST_DEFAULT_MEMORY_BYTES,
} from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { formatSize } from '../text/units.ts';

const size = (bytes: number): string => formatSize(bytes).replace('.0 ', ' ');

/** The default, in words. */
export const MEMORY_DEFAULT = `${DEFAULT_MEMORY_PIECES} pieces, but ${size(LEAST_DEFAULT_MEMORY_BYTES)} to ${size(MOST_DEFAULT_MEMORY_BYTES)}, at least one piece`;

/**
 * Enough pieces to keep every peer busy, and no more: memory that is used again soon is still in the cache, and memory that was
 * never used costs the system more than the bytes in it (`bench/NOTES.md`). So many torrents need little more than one. At least
 * one piece, however large it is. `torrents`: how many download at the moment.
 */
export function defaultMemory(g: Geometry, torrents: number): number {
  const wanted = DEFAULT_MEMORY_PIECES * g.pieceLength;
  const alone = Math.min(MOST_DEFAULT_MEMORY_BYTES, Math.max(LEAST_DEFAULT_MEMORY_BYTES, wanted));
  const part = Math.max(
    MOST_DEFAULT_MEMORY_BYTES / Math.max(1, torrents),
    LEAST_SHARED_PIECES * g.pieceLength,
  );
  const piece = g.blocksPerPiece * BLOCK_BYTES;
  return Math.max(Math.floor(Math.min(alone, part, g.pieceCount * piece)), piece);
}

/** Throws a `usage` failure if one piece does not fit. */
export function allocateArena(g: Geometry, memoryBytes: number) {
  try {
    return Arena.allocate(g, memoryBytes);
  } catch (error) {
    if (error instanceof RangeError) throw new Failure('usage', error.message, { cause: error });
    throw error;
  }
}
