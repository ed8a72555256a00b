/** From pieces back to files: which files of a torrent are whole, which are damaged, which are not there. */
import { existsSync } from 'node:fs';
import type { Geometry } from '../shared/geometry.ts';
import type { StoredFile } from '../shared/messages.ts';

export type FileStatus = 'good' | 'bad' | 'missing';

export interface FileVerdict {
  readonly path: string;
  readonly length: number;
  readonly status: FileStatus;
  /** Pieces that touch the file and are not good. */
  readonly badPieces: number;
}

/** `good[p]` is 1 for each piece whose hash is right. A file is good when every piece that touches it is. */
export function fileVerdicts(files: readonly StoredFile[], g: Geometry, good: Uint8Array): FileVerdict[] {
  return files.map(({ path, offset, length }) => {
    let badPieces = 0;
    if (length > 0) {
      const last = Math.floor((offset + length - 1) / g.pieceLength);
      for (let piece = Math.floor(offset / g.pieceLength); piece <= last; piece++)
        if (good[piece] !== 1) badPieces += 1;
    }
    const status = !existsSync(path) ? 'missing' : badPieces > 0 ? 'bad' : 'good';
    return { path, length, status, badPieces };
  });
}
