/** Looks at the paths of a download's files. It changes nothing and follows no link below the output folder. */
import { join } from 'node:path';
import type { FileStats, FileSystem } from '../../shared/file-system.ts';
import { FolderWalk } from '../../shared/folder.ts';
import { diskFailure, lookAt } from '../files/disk-failure.ts';
import { type FileStamp, stampOf } from './journal.ts';
import type { Found } from './judgement.ts';
import type { OutputPlace } from './output-place.ts';
import { elementsOf } from './storage-plan.ts';

export interface Survey {
  /** By file of the plan. */
  readonly found: readonly Found[];
  /** The regular files among them, as they look; null for the others. */
  readonly looks: readonly (FileStamp | null)[];
}

/** Throws a `disk` failure if there is no permission to look. */
export function survey({ plan, root }: OutputPlace): Survey {
  const walk = new FolderWalk(root);
  const found: Found[] = [];
  const looks: (FileStamp | null)[] = [];
  try {
    for (const [i, { path }] of plan.files.entries()) {
      const elements = elementsOf(plan, i);
      const stats = look(walk, elements, path);
      looks.push(stats instanceof Obstacle || stats?.isFile() !== true ? null : stampOf(stats));
      found.push(foundOf(stats, path));
    }
    markTwins(found, looks);
  } finally {
    walk.close();
  }
  return { found, looks };

  function look(folders: FolderWalk, elements: readonly string[], path: string) {
    try {
      return folders.reach(elements.slice(0, -1)).look(elements.at(-1) ?? '');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (code === 'ENOENT') return null;
      const obstacle =
        code === 'ENOTDIR' || code === 'ELOOP' ? obstacleOn(root.files, plan.folder, elements) : null;
      if (obstacle !== null) return obstacle;
      throw diskFailure(code, path, error);
    }
  }
}

class Obstacle {
  readonly path: string;
  readonly what: string;

  constructor(path: string, what: string) {
    this.path = path;
    this.what = what;
  }
}

function foundOf(stats: FileStats | Obstacle | null, path: string): Found {
  if (stats === null) return { kind: 'nothing' };
  if (stats instanceof Obstacle) return { kind: 'obstacle', path: stats.path, what: stats.what };
  if (stats.isFile())
    return { kind: 'file', size: Number(stats.size), names: Number(stats.nlink), isTwin: false };
  return { kind: 'obstacle', path, what: `${kindOf(stats)} is there` };
}

/** Files with content that are the same file: second names (hard links), or names that the file system treats as equal. */
function markTwins(found: Found[], looks: readonly (FileStamp | null)[]): void {
  const first = new Map<string, number>();
  for (const [i, look] of looks.entries()) {
    if (look === null || look.inode === '0') continue;
    // If a file system invents numbers, two files may have the same one, but not the same times.
    const key = `${look.inode} ${look.born} ${look.changed} ${look.modified} ${look.size}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, i);
    else for (const file of [before, i]) found[file] = { ...found[file], isTwin: true } as Found;
  }
}

/** What is in the place of a folder on the path to a file. */
function obstacleOn(files: FileSystem, base: string, elements: readonly string[]): Obstacle | null {
  let path = base;
  for (const element of elements.slice(0, -1)) {
    path = join(path, element);
    const stats = lookAt(path, files);
    if (stats === null) return null;
    if (!stats.isDirectory())
      return new Obstacle(path, `${kindOf(stats)} is there, where the download needs a folder`);
  }
  return null;
}

function kindOf(stats: FileStats): string {
  if (stats.isFile()) return 'a file';
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return 'a device, a pipe or a socket';
}
