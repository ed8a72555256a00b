/** From pieces to files: which files of a torrent are good, bad or missing. */

import { accessSync, constants, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { endOfPiece, type Geometry, offsetOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { systemWords } from '../../shared/system-words.ts';
import type { Bytes, Count } from '../quantities.ts';

export type FileStatus = 'good' | 'bad' | 'missing';

export interface FileVerdict {
  readonly path: string;
  readonly length: Bytes;
  readonly status: FileStatus;
  /** Pieces of the file that are not good. */
  readonly badPieces: Count;
  /** How many of them hold a part of another file as well, which may be the bad one. */
  readonly sharedBadPieces: Count;
  /** What is wrong with it besides its content; null if nothing is. */
  readonly fault: string | null;
}

/** What is at a file's path, before its content is read. */
export type Look =
  | { readonly kind: 'file'; readonly size: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unusable'; readonly fault: string };

/** Follows links, as `create` does. Anything but a file is not opened: reading a pipe would never end. */
export function lookAt(path: string): Look {
  try {
    const stats = statSync(diskPath(path), { throwIfNoEntry: false });
    if (stats === undefined) return { kind: 'nothing' };
    if (!stats.isFile())
      return { kind: 'unusable', fault: stats.isDirectory() ? 'it is a folder' : 'it is not a file' };
    accessSync(diskPath(path), constants.R_OK);
    return { kind: 'file', size: stats.size };
  } catch (error) {
    return { kind: 'unusable', fault: systemWords(error) };
  }
}

/**
 * `good[p]` is 1 for each piece with the right hash. A file is good if all its pieces are, and if it is not longer than in the
 * torrent: `get` refuses such a file as a foreign one.
 */
export function fileVerdicts(
  files: readonly StoredFile[],
  looks: readonly Look[],
  g: Geometry,
  good: Uint8Array,
): FileVerdict[] {
  const filled = files.filter(({ length }) => length > 0);
  let position = 0;
  return files.map((file, i) => {
    const { path, length } = file;
    const before = filled[position - 1];
    if (length > 0) position += 1;
    const bad = length > 0 ? badPiecesOf(file, g, good) : [];
    const shared = bad.filter((piece) => holds(before, piece, g) || holds(filled[position], piece, g));
    const look = looks[i] ?? { kind: 'nothing' };
    const fault = faultOf(look, length);
    const isBad = bad.length > 0 || fault !== null;
    return {
      path,
      length,
      status: look.kind === 'nothing' ? 'missing' : isBad ? 'bad' : 'good',
      badPieces: bad.length,
      sharedBadPieces: shared.length,
      fault,
    };
  });
}

function badPiecesOf(file: StoredFile, g: Geometry, good: Uint8Array): PieceIndex[] {
  const bad: PieceIndex[] = [];
  const { first, end } = piecesOf(g, file);
  for (let piece = first; piece < end; piece++) if (good[piece] !== 1) bad.push(piece);
  return bad;
}

/** If the piece holds a part of the file. */
function holds(file: StoredFile | undefined, piece: PieceIndex, g: Geometry): boolean {
  return (
    file !== undefined &&
    file.offset < endOfPiece(g, piece) &&
    file.offset + file.length > offsetOfPiece(g, piece)
  );
}

function faultOf(look: Look, length: number): string | null {
  if (look.kind === 'unusable') return look.fault;
  if (look.kind === 'nothing' || look.size === length) return null;
  const difference = Math.abs(look.size - length);
  return `${difference} ${difference === 1 ? 'byte' : 'bytes'} too ${look.size > length ? 'long' : 'short'}`;
}
