/**
 * Lists the files below the folders of `--reuse`. Links in these folders are not followed, and the files of the download itself are
 * no source. Nothing is opened.
 */
import { join } from 'node:path';
import { diskPath } from '../../../shared/byte-name.ts';
import type { FileStats, FileSystem } from '../../../shared/file-system.ts';
import { elementsBelow } from '../../../shared/folder.ts';
import { MAX_REUSE_DEPTH_LEVELS, MAX_REUSE_ENTRIES } from '../../../shared/limits.ts';
import { diskFailure } from '../../files/disk-failure.ts';
import type { StoragePlan } from '../storage-plan.ts';

/** A file that may have pieces of the torrent. */
export interface SourceFile {
  readonly path: string;
  /** Its path below the folder that the user named. */
  readonly elements: readonly string[];
  /** More than 0. */
  readonly size: number;
}

export interface SourceWalk {
  readonly files: readonly SourceFile[];
  /** There is more than the limits allow. */
  readonly isCut: boolean;
}

/** Entries that are looked at together. */
const AT_ONCE = 32;

interface Found {
  readonly elements: readonly string[];
  readonly stats: FileStats;
}

/**
 * `folders`: absolute. `isOurs`: a file of the download, which is no source. Rejects with a `disk` failure if one of the folders
 * cannot be read; folders in them that cannot are left out.
 */
export async function sourceFiles(
  folders: readonly string[],
  files: FileSystem,
  isOurs: (path: string, stats: FileStats) => boolean,
  isCancelled: () => boolean,
): Promise<SourceWalk> {
  const found = new Map<string, SourceFile>();
  let left = MAX_REUSE_ENTRIES;
  let isCut = false;
  const walk = async (root: string, elements: readonly string[]): Promise<void> => {
    const names = (await files.slow.readdir(diskPath(join(root, ...elements)))).sort();
    const below = names.slice(0, left);
    isCut ||= below.length < names.length;
    left -= below.length;
    for (const { elements: inner, stats } of await looks(files, root, elements, below, isCancelled)) {
      const path = join(root, ...inner);
      if (stats.isFile() && stats.size > 0n && !isOurs(path, stats))
        found.set(path, { path, elements: inner, size: Number(stats.size) });
      if (!stats.isDirectory() || isCancelled()) continue;
      if (inner.length >= MAX_REUSE_DEPTH_LEVELS) isCut = true;
      else await walk(root, inner).catch(() => {});
    }
  };
  for (const folder of folders) {
    try {
      await walk(files.realpath(diskPath(folder)), []);
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), folder, error);
    }
  }
  return { files: [...found.values()], isCut };
}

/** What is there, links themselves. What vanished, or cannot be looked at, is left out. */
async function looks(
  files: FileSystem,
  root: string,
  elements: readonly string[],
  names: readonly string[],
  isCancelled: () => boolean,
): Promise<Found[]> {
  const found: Found[] = [];
  for (let at = 0; at < names.length && !isCancelled(); at += AT_ONCE) {
    const together = names.slice(at, at + AT_ONCE).map(async (name): Promise<Found[]> => {
      const inner = [...elements, name];
      const stats = await files.slow.lstat(diskPath(join(root, ...inner))).catch(() => null);
      return stats === null ? [] : [{ elements: inner, stats }];
    });
    found.push(...(await Promise.all(together)).flat());
  }
  return found;
}

/** True for the files of the plan, under whatever name they are found. `looks`: of those that exist, in the same order. */
export function ownFiles(
  plan: Pick<StoragePlan, 'folder' | 'files' | 'finalPaths'>,
  looks: readonly ({ readonly inode: string; readonly born: string } | null)[],
  files: FileSystem,
): (path: string, stats: FileStats) => boolean {
  // Links on the way to the folder are allowed.
  const real = files.realpath(diskPath(plan.folder));
  const paths = [...plan.files.map(({ path }) => path), ...plan.finalPaths.values()];
  const named = new Set(paths.map((path) => join(real, ...elementsBelow(plan.folder, path))));
  const known = new Set(
    looks.flatMap((look) => (look === null || look.inode === '0' ? [] : [`${look.inode} ${look.born}`])),
  );
  return (path, stats) => named.has(path) || known.has(`${stats.ino} ${stats.birthtimeNs}`);
}
