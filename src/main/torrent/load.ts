/** A .torrent file of the user's. */
import { readFileSync, statSync } from 'node:fs';
import { MAX_TORRENT_FILE_BYTES } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { type Metainfo, parseMetainfo } from './metainfo.ts';

/** Reads the file. Throws a `bad-torrent` failure that names it. */
export function loadTorrent(source: string): Metainfo {
  try {
    const { size } = statSync(source);
    if (size > MAX_TORRENT_FILE_BYTES) {
      throw new Failure(
        'bad-torrent',
        `${source}: ${size} bytes are more than a torrent has (${MAX_TORRENT_FILE_BYTES})`,
      );
    }
    return parseMetainfo(readFileSync(source), source);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Failure('bad-torrent', `${source}: cannot be read (${code})`, { cause: error });
  }
}
