/** Where the files of a torrent are, if the user named a folder above or below the right one. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { diskPath, nameOfBytes } from '../../shared/byte-name.ts';
import { MAX_SEARCHED_FILES, MAX_SEARCHED_FOLDERS } from '../../shared/limits.ts';
import { lookAt } from './file-verdicts.ts';
import type { StoragePlan } from './storage-plan.ts';

/** For a folder without any file of the torrent: what the user may do, in words. */
export function nearbyFiles({ folder, root, files }: StoragePlan): string | null {
  const name = basename(root);
  const paths = files.slice(0, MAX_SEARCHED_FILES).map(({ path }) => path);
  const areIn = (other: string, from: string): boolean =>
    paths.some((path) => path !== from && lookAt(join(other, relative(from, path))).kind === 'file');
  const found = [dirname(folder), ...foldersIn(folder)].find((other) => areIn(other, folder));
  if (found !== undefined) return `its files are in ${found}: give that folder`;
  if (!areIn(folder, root)) return null;
  return `its files are directly in this folder, but verify looks in its subfolder ${name}: rename this folder to ${name}, and give the folder that contains it`;
}

/** None if it cannot be read. A folder with very many others is not searched to its end. */
function foldersIn(folder: string): string[] {
  try {
    return readdirSync(diskPath(folder), { withFileTypes: true, encoding: 'buffer' })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .slice(0, MAX_SEARCHED_FOLDERS)
      .map(({ name }) => join(folder, nameOfBytes(name)));
  } catch {
    return [];
  }
}
