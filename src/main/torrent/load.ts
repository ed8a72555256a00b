/** Reads a .torrent file. */
import { readFileSync, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { MAX_TORRENT_FILE_BYTES } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import { Failure } from '../failure.ts';
import { printable } from '../text/foreign-text.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';
import { sourceMistake } from './source-mistakes.ts';

/** A longer path is cut when it is shown. */
const SHOWN_CHARS = 300;
/** No file has this name: it may have been meant as something else. */
const NOT_THERE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

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
    const bytes = readFileSync(diskPath(source));
    if (/^\s*magnet:/i.test(bytes.toString('latin1', 0, 100)))
      throw new Failure(
        'bad-torrent',
        `${shown}: the file contains a magnet link, not a torrent; give the link, or @${shown} to read it from there`,
      );
    return parseMetainfo(bytes, shown);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const isThere = !NOT_THERE.has((error as NodeJS.ErrnoException).code);
    const why = (isThere ? null : sourceMistake(source)) ?? systemWords(error);
    throw new Failure('bad-torrent', `${shown === '' ? 'SOURCE' : shown}: ${why}`, { cause: error });
  }
}
