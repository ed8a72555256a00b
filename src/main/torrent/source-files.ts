/** The files of a new torrent: one file, or all files below a folder, in the order of mktorrent and transmission. */
import { type BigIntStats, constants, type Dirent, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bytesOfName, diskPath, nameOfBytes } from '../../shared/byte-name.ts';
import { Failure } from '../failure.ts';
import { absolutePath } from '../files/absolute-path.ts';
import { diskFailure } from '../files/disk-failure.ts';
import { isUnfinished } from '../files/whole-file.ts';
import { isPaddingName } from './file-list.ts';

export interface SourceFile {
  readonly path: string;
  /** Path below the folder; null for the file of a single-file torrent. */
  readonly elements: readonly string[] | null;
  readonly length: number;
  /** Its owner may run it. */
  readonly isExecutable: boolean;
  /** Changes when the file is changed or replaced. */
  readonly stamp: string;
}

/** Something in the folder that is not part of the torrent. */
export interface LeftOut {
  /** Path below the folder. */
  readonly path: string;
  readonly reason: string;
}

export interface Source {
  /** Absolute. */
  readonly root: string;
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly leftOut: readonly LeftOut[];
  readonly totalLength: number;
}

/**
 * Lists the files of PATH. Links to files are read as files. Links to folders are left out, and so is `except`: the .torrent
 * file itself, which an earlier run may have left here. Throws a Failure that names the path.
 */
export function sourceOf(path: string, except: string): Source {
  const root = absolutePath(path);
  try {
    const stats = statSync(diskPath(root), { bigint: true });
    const found = stats.isDirectory()
      ? filesBelow(root, except)
      : { files: [{ path: root, elements: null, ...measured(stats) }], leftOut: [] };
    if (!stats.isDirectory() && !stats.isFile())
      throw new Failure('usage', `${path}: not a file or a folder`);
    if (stats.isFile() && isSame(stats, statOf(except)))
      throw new Failure(
        'usage',
        `${path}: the .torrent file would replace its own content; choose another file with --output`,
      );
    const totalLength = found.files.reduce((sum, file) => sum + file.length, 0);
    if (totalLength === 0) throw new Failure('usage', `${path}: it contains no file to share`);
    return { root, name: basename(root), ...found, totalLength };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}

/** Throws a `disk` failure if a file has changed since it was listed: the hashes would fit no file. */
export function assertUnchanged({ files }: Source): void {
  for (const { path, stamp } of files) {
    const stats = statOf(path);
    if (stats === undefined || measured(stats).stamp !== stamp)
      throw new Failure(
        'disk',
        `${path}: it changed while unchoke read it; run create again when nothing writes to it`,
      );
  }
}

function filesBelow(root: string, except: string): { files: SourceFile[]; leftOut: LeftOut[] } {
  const files: SourceFile[] = [];
  const leftOut: LeftOut[] = [];
  const output = statOf(except);
  const walk = (elements: readonly string[]): void => {
    for (const entry of entriesOf(join(root, ...elements))) {
      const inner = [...elements, nameOfBytes(entry.name)];
      const path = join(root, ...inner);
      if (entry.isDirectory()) {
        walk(inner);
        continue;
      }
      const stats = statOf(path);
      if (stats === undefined) {
        leftOut.push({ path: inner.join('/'), reason: 'a link to nothing' });
        continue;
      }
      const reason = isSame(stats, output)
        ? 'the .torrent file itself'
        : reasonAgainst(inner.at(-1) ?? '', stats);
      if (reason === null) files.push({ path, elements: inner, ...measured(stats) });
      else leftOut.push({ path: inner.join('/'), reason });
    }
  };
  walk([]);
  // Sorted by the bytes of the whole path, as strcmp does.
  const keyed = files.map((file) => ({ file, key: bytesOfName(file.path) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  return { files: keyed.map(({ file }) => file), leftOut };
}

function entriesOf(folder: string): Dirent<Buffer>[] {
  try {
    return readdirSync(diskPath(folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), folder, error);
  }
}

function reasonAgainst(name: string, stats: BigIntStats): string | null {
  if (stats.isDirectory()) return 'a link to a folder';
  if (!stats.isFile()) return 'not a file or a folder';
  if (isUnfinished(name)) return 'a file of an unfinished download';
  return isPaddingName(name) ? 'padding of another torrent' : null;
}

function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

/** Undefined if a link leads to nothing or in a circle. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(diskPath(path), { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

function measured(stats: BigIntStats): Pick<SourceFile, 'length' | 'isExecutable' | 'stamp'> {
  const { size, mode, dev, ino, mtimeNs, ctimeNs } = stats;
  return {
    length: Number(size),
    isExecutable: (Number(mode) & constants.S_IXUSR) !== 0,
    stamp: [size, dev, ino, mtimeNs, ctimeNs].join(' '),
  };
}
