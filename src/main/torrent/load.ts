/** Reads a .torrent file. */
import { readFileSync, statSync } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import { MAX_MAGNET_FILE_BYTES, MAX_TORRENT_FILE_BYTES } from '../../shared/limits.ts';
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
  const content = loadSource(source);
  if (typeof content !== 'string') return content;
  throw new Failure(
    'bad-torrent',
    `${shownPath(source)}: the file contains a magnet link, and a .torrent file is needed; unchoke get --save-torrent makes one from the link`,
  );
}

/** The same for a file that may contain a magnet link instead: returns the link. */
export function loadSource(source: string): Metainfo | string {
  const shown = shownPath(source);
  try {
    const stats = statSync(diskPath(source));
    if (stats.size > MAX_TORRENT_FILE_BYTES) {
      throw new Failure(
        'bad-torrent',
        `${shown}: ${stats.size} bytes are more than a torrent may have (${MAX_TORRENT_FILE_BYTES})`,
      );
    }
    const bytes = readFileSync(diskPath(source));
    // Nobody downloaded a device or a pipe.
    return (
      magnetIn(bytes, shown) ??
      parseMetainfo(bytes, shown, stats.isFile() ? {} : { again: 'give a .torrent file' })
    );
  } catch (error) {
    if (error instanceof Failure) throw error;
    const isThere = !NOT_THERE.has((error as NodeJS.ErrnoException).code);
    const why = (isThere ? null : sourceMistake(source)) ?? systemWords(error);
    throw new Failure('bad-torrent', `${shown === '' ? 'SOURCE' : shown}: ${why}`, { cause: error });
  }
}

/** Null if it does not begin with a link. */
function magnetIn(bytes: Buffer, shown: string): string | null {
  if (!/^(?:\xef\xbb\xbf)?\s*magnet:/i.test(bytes.toString('latin1', 0, 100))) return null;
  const [link = '', ...more] = bytes
    .toString('utf8', 0, MAX_MAGNET_FILE_BYTES)
    .trim()
    .split(/\s*\n\s*/);
  if (more.length === 0) return link;
  throw new Failure(
    'bad-torrent',
    `${shown}: the file contains more than one line; give @${shown} to read a source from each`,
  );
}

function shownPath(path: string): string {
  return printable(path.length > SHOWN_CHARS ? `${path.slice(0, SHOWN_CHARS)}…` : path);
}
