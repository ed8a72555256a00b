/** How a piece may be put together from other files: each part at the same place in a file that may be the torrent's. Pure. */
import { dataOfPiece, endOfPiece, offsetOfPiece } from '../../../shared/geometry.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import { MAX_REUSE_WAYS } from '../../../shared/limits.ts';
import type { SourcePart } from '../../../shared/storage-messages.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { filesOfPiece } from '../storage-plan.ts';
import type { SourceFile } from './source-walk.ts';

export type Layout = Pick<Metainfo, 'files' | 'geometry'>;

/** The part of a piece that is in one file of the torrent. */
export interface FilePart {
  /** By its index in the torrent. */
  readonly file: number;
  /** Position in the piece. */
  readonly from: number;
  readonly length: number;
  /** Position in the file. */
  readonly at: number;
}

/** All bytes of a piece that are not padding, in their order. */
export function partsOf({ files, geometry: g }: Layout, piece: PieceIndex): FilePart[] {
  const [start, end] = [offsetOfPiece(g, piece), endOfPiece(g, piece)];
  const parts: FilePart[] = [];
  for (const file of filesOfPiece({ files }, g, piece)) {
    const { offset, length, padding } = files[file] ?? { offset: 0, length: 0, padding: true };
    if (padding) continue;
    const from = Math.max(start, offset);
    parts.push({
      file,
      from: from - start,
      length: Math.min(end, offset + length) - from,
      at: from - offset,
    });
  }
  return parts;
}

/** The one file with all data of the piece, if it begins there; null if there are several. */
export function partInside(layout: Layout, piece: PieceIndex): FilePart | null {
  const [part, ...others] = partsOf(layout, piece);
  if (part === undefined || others.length > 0 || part.from > 0) return null;
  return part.length === dataOfPiece(layout.geometry, piece) ? part : null;
}

/** `sourcesOf`: the files that may be this file of the torrent, the likeliest first. Empty if some part is in none. */
export function waysOf(
  layout: Layout,
  piece: PieceIndex,
  sourcesOf: (file: number) => readonly SourceFile[],
): SourcePart[][] {
  const parts = partsOf(layout, piece);
  const choices = parts.map((part) =>
    sourcesOf(part.file).filter(({ size }) => size >= part.at + part.length),
  );
  if (parts.length === 0 || choices.some(({ length }) => length === 0)) return [];
  return combinations(choices.map(({ length }) => length)).map((combination) =>
    parts.map(({ from, length, at }, i) => {
      const path = choices[i]?.[combination[i] ?? 0]?.path ?? '';
      return { from, length, path, at };
    }),
  );
}

/**
 * Which choice for each part. First all parts from the likeliest files, then all from the second ones, and so on (folders with
 * several versions of everything), then one part from another file than the others.
 */
function combinations(counts: readonly number[]): number[][] {
  const most = counts.reduce((sum, count) => Math.max(sum, count), 0);
  const all: number[][] = [];
  for (let rank = 0; rank < most && all.length < MAX_REUSE_WAYS; rank++)
    all.push(counts.map((count) => Math.min(rank, count - 1)));
  if (counts.length === 1) return all;
  for (const [part, count] of counts.entries())
    for (let rank = 1; rank < count && all.length < MAX_REUSE_WAYS; rank++)
      all.push(counts.map((_, i) => (i === part ? rank : 0)));
  return all;
}
