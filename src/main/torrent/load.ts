/** Reads a .torrent file. */
import { readFileSync, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { MAX_TORRENT_FILE_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { printable } from '../text/foreign-text.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';

/** A longer path is cut when it is shown. */
const SHOWN_CHARS = 300;

/** Reads the file. Throws a `bad-torrent` failure that names it. */
export function loadTorrent(source: string): Metainfo {
  const shown = printable(source.length > SHOWN_CHARS ? `${source.slice(0, SHOWN_CHARS)}…` : source);
  try {
    const { size } = statSync(diskPath(source));
    if (size > MAX_TORRENT_FILE_BYTES) {
      throw new Failure(
        'bad-torrent',
        `${shown}: ${size} bytes are more than a torrent may have (${MAX_TORRENT_FILE_BYTES})`,
      );
    }
    return parseMetainfo(readFileSync(diskPath(source)), shown);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Failure('bad-torrent', `${shown}: cannot be read (${code})`, { cause: error });
  }
}
