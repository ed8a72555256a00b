/** The sources of one command: the arguments, with folders and lists expanded. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskPath, nameOfBytes } from '../../shared/byte-name.ts';
import { MAX_LIST_FILE_BYTES } from '../../shared/limits.ts';
import { systemWords } from '../../shared/system-words.ts';
import { Failure } from '../failure.ts';
import { isPath } from './source.ts';

/**
 * Folders become the .torrent and .magnet files in them, by name. `@FILE` becomes the lines of a file, without empty lines and `#`
 * comments. Throws a usage failure for a folder or list that cannot be read or is empty.
 */
export function expandSources(named: readonly string[]): string[] {
  return named.flatMap((source) => {
    if (source.startsWith('@')) return linesOf(source.slice(1));
    return isPath(source) && isFolder(source) ? torrentsIn(source) : [source];
  });
}

/** Also false if the file system refuses: opening it will give the reason. */
function isFolder(path: string): boolean {
  try {
    return statSync(diskPath(path)).isDirectory();
  } catch {
    return false;
  }
}

function torrentsIn(folder: string): string[] {
  const names = reading(folder, () => readdirSync(diskPath(folder), 'buffer'))
    .map(nameOfBytes)
    .filter((name) => /\.(?:torrent|magnet)$/i.test(name));
  if (names.length === 0)
    throw new Failure(
      'usage',
      `${folder}: no .torrent or .magnet file in this folder; name one that has them`,
    );
  return names.sort().map((name) => join(folder, name));
}

function linesOf(file: string): string[] {
  const text = reading(file, () => {
    if (statSync(diskPath(file)).size > MAX_LIST_FILE_BYTES)
      throw new Failure('usage', `${file}: larger than a list may be (${MAX_LIST_FILE_BYTES} bytes)`);
    return nameOfBytes(readFileSync(diskPath(file)));
  });
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw new Failure('usage', `${file}: no source in this list`);
  return lines;
}

function reading<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('usage', `${path}: ${systemWords(error)}`, { cause: error });
  }
}
