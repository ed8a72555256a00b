/**
 * How the bytes of a torrent are divided into pieces, and pieces into blocks (BEP 3). Plain numbers, so that it can cross
 * threads. All lengths are in bytes.
 */
import type { PieceIndex } from './indices.ts';
import { BLOCK_BYTES, MAX_PIECE_BYTES, MAX_PIECES } from './limits.ts';

export interface Geometry {
  readonly totalLength: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Blocks of every piece; the last piece may have fewer. */
  readonly blocksPerPiece: number;
}

/** Throws RangeError with a message for the user if no torrent can have these lengths. */
export function geometry(totalLength: number, pieceLength: number): Geometry {
  if (!Number.isSafeInteger(pieceLength) || pieceLength <= 0 || pieceLength > MAX_PIECE_BYTES) {
    throw new RangeError(`piece length ${pieceLength} is not between 1 and ${MAX_PIECE_BYTES} bytes`);
  }
  if (!Number.isSafeInteger(totalLength) || totalLength <= 0) {
    throw new RangeError(`total length ${totalLength} is not a positive number of bytes`);
  }
  const pieceCount = Math.ceil(totalLength / pieceLength);
  if (pieceCount > MAX_PIECES) throw new RangeError(`${pieceCount} pieces are more than ${MAX_PIECES}`);
  // A torrent may name a piece length larger than its content; no memory is reserved for bytes that cannot come.
  const blocksPerPiece = Math.ceil(Math.min(pieceLength, totalLength) / BLOCK_BYTES);
  return { totalLength, pieceLength, pieceCount, blocksPerPiece };
}

/** Length of one piece: the last may be short. */
export function lengthOfPiece(g: Geometry, piece: PieceIndex): number {
  return piece === g.pieceCount - 1 ? g.totalLength - piece * g.pieceLength : g.pieceLength;
}

/** Number of blocks of one piece. */
export function blocksOfPiece(g: Geometry, piece: PieceIndex): number {
  return Math.ceil(lengthOfPiece(g, piece) / BLOCK_BYTES);
}

/** Length of one block: the last of a piece may be short. */
export function lengthOfBlock(g: Geometry, piece: PieceIndex, block: number): number {
  return Math.min(BLOCK_BYTES, lengthOfPiece(g, piece) - block * BLOCK_BYTES);
}
