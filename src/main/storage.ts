/**
 * The files of a download on disk: where each lies, made ready before the first byte comes. Folders are made one by
 * one and looked at without following links, so that nothing already in the output folder leads out of it.
 */
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { StoredFile } from '../shared/messages.ts';
import { diskFailure } from './disk-failure.ts';
import { Failure } from './failure.ts';
import type { Metainfo } from './torrent/metainfo.ts';

export interface StoragePlan {
  readonly folder: string;
  /** What the user will find: the file of a single-file torrent, the folder of another. */
  readonly root: string;
  /** In the order of the torrent; padding left out. */
  readonly files: readonly StoredFile[];
}

export function storagePlan(metainfo: Metainfo, folder: string): StoragePlan {
  const absolute = resolve(folder);
  const files = metainfo.files
    .filter((file) => !file.padding)
    .map((file) => ({ path: join(absolute, ...file.path), offset: file.offset, length: file.length }));
  return { folder: absolute, root: join(absolute, metainfo.name), files };
}

/**
 * Looks at what is there, changing nothing: true if any file of the plan has content that should be checked. Throws a
 * `disk` failure where something is in the way, also a longer file: that is somebody else's, and it is not cut.
 */
export function contentThere(plan: StoragePlan): boolean {
  let found = false;
  for (const file of plan.files) {
    const size = attempt(file.path, () => sizeOf(file));
    if (size > file.length) {
      throw new Failure(
        'disk',
        `${file.path}: ${size} bytes are there, and the torrent's file has ${file.length}: move it away first`,
      );
    }
    found ||= size > 0;
  }
  return found;
}

function sizeOf(file: StoredFile): number {
  const stats = lstatSync(file.path, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isFile()) {
    throw new Failure(
      'disk',
      `${file.path}: in the way of a file of the download (a folder, a link or a device)`,
    );
  }
  return stats.size;
}

/**
 * Makes the folders and the files, each at its full length (sparse: no space is taken yet; writing into a file of full
 * length is cheaper than growing it). Content that is there stays. Throws a `disk` failure with the path.
 */
export function prepareStorage(plan: StoragePlan, metainfo: Metainfo): void {
  attempt(plan.folder, () => mkdirSync(plan.folder, { recursive: true }));
  const made = new Set<string>();
  for (const file of metainfo.files)
    if (!file.padding) makeFolders(plan.folder, file.path.slice(0, -1), made);
  for (const file of plan.files) attempt(file.path, () => makeFile(file));
}

function makeFolders(root: string, elements: readonly string[], made: Set<string>): void {
  let path = root;
  for (const element of elements) {
    path = join(path, element);
    if (made.has(path)) continue;
    made.add(path);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) attempt(path, () => mkdirSync(path));
    else if (!found.isDirectory())
      throw new Failure('disk', `${path}: in the way of a folder of the download (a file or a link)`);
  }
}

function makeFile(file: StoredFile): void {
  const descriptor = openSync(file.path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
  try {
    if (fstatSync(descriptor).size !== file.length) ftruncateSync(descriptor, file.length);
  } finally {
    closeSync(descriptor);
  }
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
  }
}
