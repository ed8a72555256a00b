/**
 * How the bytes of a torrent are divided into pieces, and pieces into blocks (BEP 3). Plain numbers, so that it can cross
 * threads. All lengths are in bytes.
 */
import type { PieceIndex } from './indices.ts';
import { BLOCK_BYTES, MAX_PIECE_BYTES, MAX_PIECES } from './limits.ts';

export interface Geometry {
  /** Bytes of all pieces together. */
  readonly totalLength: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Blocks of the longest piece; others may have fewer. */
  readonly blocksPerPiece: number;
  /** Bytes of all pieces without padding. */
  readonly contentLength: number;
  /** By piece, without padding (BEP 47); null if there is none. Shared memory. */
  readonly dataLengths: Uint32Array | null;
  /** By piece, what comes before the padding at its end; null if there is no padding. Shared memory. */
  readonly dataEnds: Uint32Array | null;
  /** By piece, if files begin on a piece boundary and their last pieces are cut there (BEP 52). Shared memory. */
  readonly pieceLengths: Uint32Array | null;
}

/**
 * Of files that each begin on a piece boundary, with gaps between them that belong to no piece (BEP 52). `lengths`: of the files,
 * in order. Throws RangeError like `geometry`.
 */
export function alignedGeometry(lengths: readonly number[], pieceLength: number): Geometry {
  const counts = lengths.map((length) => Math.ceil(length / pieceLength));
  const pieceCount = counts.reduce((sum, count) => sum + count, 0);
  const totalLength = lengths.reduce((sum, length) => sum + length, 0);
  const plain = geometry(totalLength, pieceLength, pieceCount);
  const pieceLengths = new Uint32Array(new SharedArrayBuffer(pieceCount * 4)).fill(pieceLength);
  let end = 0;
  for (const [i, length] of lengths.entries()) {
    const count = counts[i] ?? 0;
    end += count;
    if (count > 0) pieceLengths[end - 1] = length - (count - 1) * pieceLength;
  }
  const longest = pieceLengths.reduce((most, length) => Math.max(most, length), 0);
  return { ...plain, blocksPerPiece: Math.ceil(longest / BLOCK_BYTES), pieceLengths };
}

/** Throws RangeError with a message for the user if no torrent can have these lengths. */
export function geometry(totalLength: number, pieceLength: number, pieces?: number): Geometry {
  if (!Number.isSafeInteger(pieceLength) || pieceLength <= 0 || pieceLength > MAX_PIECE_BYTES) {
    throw new RangeError(`piece length ${pieceLength} is not between 1 and ${MAX_PIECE_BYTES} bytes`);
  }
  if (!Number.isSafeInteger(totalLength) || totalLength <= 0) {
    throw new RangeError(`total length ${totalLength} is not a positive number of bytes`);
  }
  const pieceCount = pieces ?? Math.ceil(totalLength / pieceLength);
  if (pieceCount > MAX_PIECES) throw new RangeError(`${pieceCount} pieces are more than ${MAX_PIECES}`);
  // A torrent may name a piece length larger than its content; no memory is reserved for bytes that cannot come.
  const blocksPerPiece = Math.ceil(Math.min(pieceLength, totalLength) / BLOCK_BYTES);
  const plain = { totalLength, pieceLength, pieceCount, blocksPerPiece };
  return { ...plain, contentLength: totalLength, dataLengths: null, dataEnds: null, pieceLengths: null };
}

/** Where a piece begins in the torrent's bytes. */
export function offsetOfPiece(g: Geometry, piece: number): number {
  return piece * g.pieceLength;
}

/** The piece with this byte of the torrent. */
export function pieceAt(g: Geometry, offset: number): PieceIndex {
  return Math.floor(offset / g.pieceLength) as PieceIndex;
}

/** The first piece that begins at this byte or later. */
export function pieceFrom(g: Geometry, offset: number): PieceIndex {
  return Math.ceil(offset / g.pieceLength) as PieceIndex;
}

/** How many pieces have about so many bytes, at least one. */
export function piecesIn(g: Geometry, bytes: number): number {
  return Math.max(1, Math.floor(bytes / g.pieceLength));
}

/** Length of one piece: the last may be short, and in version 2 the last of each file. */
export function lengthOfPiece(g: Geometry, piece: PieceIndex): number {
  if (g.pieceLengths !== null) return g.pieceLengths[piece] ?? 0;
  return piece === g.pieceCount - 1 ? g.totalLength - piece * g.pieceLength : g.pieceLength;
}

/**
 * How much of a piece peers may request: libtorrent before 2.1 also requests the gap after a file of version 2, and takes zeros
 * for it.
 */
export function servedLength(g: Geometry, piece: PieceIndex): number {
  return g.pieceLengths !== null ? g.pieceLength : lengthOfPiece(g, piece);
}

/** The last byte of a piece, and one more. */
export function endOfPiece(g: Geometry, piece: PieceIndex): number {
  return offsetOfPiece(g, piece) + lengthOfPiece(g, piece);
}

/** The pieces with a byte of a file: `[first, end)`. */
export function piecesOf(
  g: Geometry,
  { offset, length }: { readonly offset: number; readonly length: number },
): { readonly first: PieceIndex; readonly end: PieceIndex } {
  const first = pieceAt(g, offset);
  return { first, end: length === 0 ? first : ((pieceAt(g, offset + length - 1) + 1) as PieceIndex) };
}

/** Bytes of one piece without padding. */
export function dataOfPiece(g: Geometry, piece: PieceIndex): number {
  return g.dataLengths?.[piece] ?? lengthOfPiece(g, piece);
}

/** With the padding of its files (BEP 47), which nobody wants. */
export function paddedGeometry(
  g: Geometry,
  padding: readonly { readonly offset: number; readonly length: number }[],
): Geometry {
  if (padding.length === 0) return g;
  const dataLengths = new Uint32Array(new SharedArrayBuffer(g.pieceCount * 4));
  for (let piece = 0 as PieceIndex; piece < g.pieceCount; piece++)
    dataLengths[piece] = lengthOfPiece(g, piece);
  const dataEnds = new Uint32Array(new SharedArrayBuffer(g.pieceCount * 4));
  dataEnds.set(dataLengths);
  let contentLength = g.totalLength;
  // From the last, so that padding before padding is at the end as well.
  for (const pad of padding.toReversed()) {
    const { first, end } = piecesOf(g, pad);
    contentLength -= pad.length;
    for (let piece = first; piece < end; piece++) {
      const start = offsetOfPiece(g, piece);
      const from = Math.max(pad.offset, start);
      const to = Math.min(pad.offset + pad.length, endOfPiece(g, piece));
      dataLengths[piece] = (dataLengths[piece] ?? 0) - (to - from);
      if (to - start === dataEnds[piece]) dataEnds[piece] = from - start;
    }
  }
  return { ...g, dataLengths, dataEnds, contentLength };
}

/** Number of blocks of one piece that are fetched: at least one, and none that is only the padding at its end. */
export function blocksOfPiece(g: Geometry, piece: PieceIndex): number {
  return Math.max(1, Math.ceil((g.dataEnds?.[piece] ?? lengthOfPiece(g, piece)) / BLOCK_BYTES));
}

/** Length of one block: the last of a piece may be short. */
export function lengthOfBlock(g: Geometry, piece: PieceIndex, block: number): number {
  return Math.min(BLOCK_BYTES, lengthOfPiece(g, piece) - block * BLOCK_BYTES);
}
