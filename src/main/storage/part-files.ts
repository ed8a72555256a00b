/**
 * Files that are called `NAME.part` until all of them is verified (`--part`): programs that watch a folder do not read files with
 * holes then.
 */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from '../../shared/file-system.ts';
import { elementsBelow, type Folder, FolderWalk } from '../../shared/folder.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { Failure } from '../failure.ts';
import { diskFailure, lookAt } from '../files/disk-failure.ts';
import { renameNew } from '../files/rename-new.ts';
import { nameBeside } from './names/name-beside.ts';

/** By index of the file: its name at the end. The others have it already. */
export type FinalPaths = ReadonlyMap<number, string>;

/**
 * The files under the names that they have while they are downloaded. A file that is there under its final name keeps it. The
 * same torrent and folder give the same names. `which`: all, or only those that an earlier run has left under such a name.
 */
export function withPartNames(
  files: readonly StoredFile[],
  which: 'all' | 'left',
  system: FileSystem,
): { readonly files: readonly StoredFile[]; readonly finalPaths: FinalPaths } {
  const finalPaths = new Map<number, string>();
  const taken = new Set(files.map(({ path }) => path));
  const parts = files.map((file, index) => {
    const isThere = (path: string): boolean => lookAt(path, system) !== null;
    if (isThere(file.path)) return file;
    const path = partOf(file.path, taken);
    if (which === 'left' && !isThere(path)) return file;
    taken.add(path);
    finalPaths.set(index, file.path);
    return { ...file, path };
  });
  return { files: parts, finalPaths };
}

function partOf(path: string, taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const part = join(dirname(path), nameBeside(basename(path), n === 0 ? '.part' : `.${n}.part`));
    if (!taken.has(part)) return part;
  }
}

/** All files are verified: they get their final names. Throws a `disk` failure; nothing that is there is replaced. */
export function giveFinalNames(
  { base, root }: { readonly base: string; readonly root: Folder },
  files: readonly StoredFile[],
  finalPaths: FinalPaths,
): void {
  const walk = new FolderWalk(root);
  try {
    for (const [index, path] of finalPaths) {
      const elements = elementsBelow(base, files[index]?.path ?? '');
      const part = elements.pop() ?? '';
      try {
        const folder = walk.reach(elements);
        renameNew(folder.files, folder.at(part), folder.at(basename(path)));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EEXIST') throw diskFailure(code ?? String(error), path, error);
        throw new Failure(
          'disk',
          `${path}: something with this name appeared during the download; the verified file is ${files[index]?.path}`,
          { cause: error },
        );
      }
    }
  } finally {
    walk.close();
  }
}
