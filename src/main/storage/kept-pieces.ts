/** Which pieces are on disk with all their bytes: with a selection of files, the pieces at their borders are not. */
import { type Geometry, lengthOfPiece, offsetOfPiece, pieceAt } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';

/** Of a plan for the files of a torrent. */
export interface KeptFiles {
  readonly files: readonly Span[];
  readonly padding: readonly Span[];
}

interface Span {
  readonly offset: number;
  readonly length: number;
}

/** 1 for each piece whose bytes are all in the files of the plan or are padding; null if all pieces are. */
export function keptPieces({ files, padding }: KeptFiles, geometry: Geometry): Uint8Array | null {
  const { pieceCount } = geometry;
  const bytes = new Float64Array(pieceCount);
  for (const { offset, length } of [...files, ...padding]) {
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const piece = pieceAt(geometry, at);
      const to = Math.min(end, offsetOfPiece(geometry, piece + 1));
      bytes[piece] = (bytes[piece] ?? 0) + (to - at);
      at = to;
    }
  }
  const kept = new Uint8Array(pieceCount);
  for (let piece = 0; piece < pieceCount; piece++)
    kept[piece] = bytes[piece] === lengthOfPiece(geometry, piece as PieceIndex) ? 1 : 0;
  return kept.every((one) => one === 1) ? null : kept;
}
