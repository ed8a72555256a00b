/** From pieces to files: which files of a torrent are good, bad or missing. */
import { accessSync, constants, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import type { Geometry } from '../../shared/geometry.ts';
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
  return files.map(({ path, offset, length }, i) => {
    let badPieces = 0;
    if (length > 0) {
      const last = Math.floor((offset + length - 1) / g.pieceLength);
      for (let piece = Math.floor(offset / g.pieceLength); piece <= last; piece++)
        if (good[piece] !== 1) badPieces += 1;
    }
    const look = looks[i] ?? { kind: 'nothing' };
    const fault = faultOf(look, length);
    const isBad = badPieces > 0 || fault !== null;
    return {
      path,
      length,
      status: look.kind === 'nothing' ? 'missing' : isBad ? 'bad' : 'good',
      badPieces,
      fault,
    };
  });
}

function faultOf(look: Look, length: number): string | null {
  if (look.kind === 'unusable') return look.fault;
  if (look.kind === 'nothing' || look.size === length) return null;
  const difference = Math.abs(look.size - length);
  return `${difference} ${difference === 1 ? 'byte' : 'bytes'} too ${look.size > length ? 'long' : 'short'}`;
}
