/** From pieces to files: which files of a torrent are good, which are missing as a whole or in part, and which are bad. */

import { accessSync, constants, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { systemWords } from '../../shared/system-words.ts';
import type { Bytes, Count } from '../quantities.ts';
import type { PartVerdicts } from './part-verdicts.ts';

/**
 * `missing`: nothing of it is there. `incomplete`: a part of it was never fetched, and nothing is bad. `uncertain`: the rest is good,
 * but pieces at its edges cannot be judged. `bad`: something is there, and wrong.
 */
export type FileStatus = 'good' | 'incomplete' | 'missing' | 'uncertain' | 'bad';

export interface FileVerdict {
  readonly path: string;
  readonly length: Bytes;
  readonly status: FileStatus;
  readonly pieces: Count;
  /** Pieces of the file that are there, and wrong. */
  readonly badPieces: Count;
  /** How many of them hold a part of another file as well, which may be the bad one. */
  readonly sharedBadPieces: Count;
  /** Pieces of the file of which its part is not there: never fetched, or removed. */
  readonly missingPieces: Count;
  /** Pieces that cannot be judged, because they also hold a part of a file that is not there. */
  readonly uncertainPieces: Count;
  /** What is wrong with it besides its content; null if nothing is. */
  readonly fault: string | null;
}

/** What is at a file's path, before its content is read. */
export type Look =
  | { readonly kind: 'file'; readonly size: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unusable'; readonly fault: string };

const WITHOUT_HASHES = 'its content is not that of the torrent, which has no hashes of its pieces';

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

/** Of files with hashes of their pieces, or with only the root of their tree (BEP 52). */
export interface JudgedFile {
  readonly file: StoredFile;
  readonly look: Look;
  /** Only whether it is right as a whole is known, not which of its pieces are bad. */
  readonly isUnhashed: boolean;
}

/** `index`: of the file in the plan. A file that is longer than in the torrent is bad: `get` refuses it as a foreign one. */
export function fileVerdict(
  { file, look, isUnhashed }: JudgedFile,
  index: number,
  parts: PartVerdicts,
  g: Geometry,
): FileVerdict {
  const { path, length } = file;
  const { first, end } = piecesOf(g, file);
  const counts = { good: 0, bad: 0, missing: 0, uncertain: 0 };
  let shared = 0;
  for (let piece = first; piece < end; piece = (piece + 1) as PieceIndex) {
    const verdict = parts.of(index, piece);
    counts[verdict] += 1;
    if (verdict === 'bad' && parts.isShared(piece)) shared += 1;
  }
  const isWrong = counts.bad > 0;
  if (isUnhashed) {
    // Beside a part that is missing, the others may be right.
    if (counts.missing > 0) counts.uncertain += counts.bad;
    counts.bad = 0;
    shared = 0;
  }
  const fault =
    faultOf(look, length) ?? (isUnhashed && isWrong && counts.missing === 0 ? WITHOUT_HASHES : null);
  return {
    path,
    length,
    status: statusOf(look, fault, counts, file),
    pieces: end - first,
    badPieces: counts.bad,
    sharedBadPieces: shared,
    missingPieces: counts.missing,
    uncertainPieces: counts.uncertain,
    fault,
  };
}

function statusOf(
  look: Look,
  fault: string | null,
  { good, bad, missing, uncertain }: Readonly<Record<'good' | 'bad' | 'missing' | 'uncertain', number>>,
  { length }: StoredFile,
): FileStatus {
  if (look.kind === 'nothing') return 'missing';
  const isShort = look.kind === 'file' && look.size < length;
  if (bad > 0 || (fault !== null && !isShort)) return 'bad';
  if (missing > 0) return good + uncertain === 0 ? 'missing' : 'incomplete';
  return uncertain > 0 ? 'uncertain' : 'good';
}

function faultOf(look: Look, length: number): string | null {
  if (look.kind === 'unusable') return look.fault;
  if (look.kind === 'nothing' || look.size === length) return null;
  const difference = Math.abs(look.size - length);
  return `${difference} ${difference === 1 ? 'byte' : 'bytes'} too ${look.size > length ? 'long' : 'short'}`;
}
