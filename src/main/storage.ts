/**
 * The files of a download on disk: where each lies, made ready before the first byte comes. Folders are made one by
 * one and looked at without following links, so that nothing already in the output folder leads out of it.
 */
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { diskPath } from '../shared/byte-name.ts';
import type { Padding, StoredFile } from '../shared/messages.ts';
import { diskFailure } from './disk-failure.ts';
import { Failure } from './failure.ts';
import { placesOf } from './names/places.ts';
import { linksOf, type TorrentLink } from './names/torrent-links.ts';
import { printable } from './text.ts';
import type { Metainfo } from './torrent/metainfo.ts';

const ALLOCATION_BYTES = 1_048_576;

export interface StoragePlan {
  readonly folder: string;
  /** What the user will find: the file of a single-file torrent, the folder of another. */
  readonly root: string;
  /** In the order of the torrent; padding and files that were not selected are left out. */
  readonly files: readonly StoredFile[];
  readonly padding: readonly Padding[];
  /** Made when the download is complete. */
  readonly links: readonly TorrentLink[];
  /** 1 for each piece that a file of the plan needs. */
  readonly wanted: Uint8Array;
}

/** `selected`: the indices of the wanted files, padding not counted; null for all. */
export function storagePlan(
  metainfo: Metainfo,
  folder: string,
  selected: ReadonlySet<number> | null = null,
): StoragePlan {
  const absolute = resolve(folder);
  const places = placesOf(metainfo, folder);
  const files = metainfo.files
    .map((file, i) => ({ ...file, path: places.paths[i] ?? '' }))
    .filter((file) => !file.padding)
    .filter(({ link }, index) => link === null && (selected === null || selected.has(index)))
    .map(({ path, offset, length }) => ({ path, offset, length }));
  const padding = metainfo.files
    .filter((file) => file.padding)
    .map(({ offset, length }) => ({ offset, length }));
  const { pieceCount, pieceLength } = metainfo.geometry;
  const wanted = new Uint8Array(pieceCount);
  if (selected === null) wanted.fill(1);
  for (const { offset, length } of files) {
    if (length === 0) continue;
    wanted.fill(1, Math.floor(offset / pieceLength), Math.floor((offset + length - 1) / pieceLength) + 1);
  }
  return {
    folder: absolute,
    root: places.root,
    files,
    links: linksOf(metainfo.files, places),
    padding,
    wanted,
  };
}

/** Every piece is wanted, and no byte of them is kept. */
export function discardingPlan(metainfo: Metainfo): StoragePlan {
  return { ...storagePlan(metainfo, '.'), files: [] };
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
        `${printable(file.path)}: ${size} bytes are there, and the torrent's file has ${file.length}: move it away first`,
      );
    }
    found ||= size > 0;
  }
  return found;
}

function sizeOf(file: StoredFile): number {
  const stats = lstatSync(diskPath(file.path), { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isFile()) {
    throw new Failure(
      'disk',
      `${printable(file.path)}: in the way of a file of the download (a folder, a link or a device)`,
    );
  }
  return stats.size;
}

/**
 * Makes the folders and the files, each at its full length (sparse: no space is taken yet; writing into a file of full
 * length is cheaper than growing it). Content that is there stays. Throws a `disk` failure with the path.
 */
export function prepareStorage(plan: StoragePlan): void {
  if (plan.files.length === 0) return;
  makeOutputFolder(plan.folder);
  const made = new Set<string>();
  for (const { path } of plan.files)
    makeFolders(plan.folder, relative(plan.folder, path).split(sep).slice(0, -1), made);
  for (const file of plan.files) attempt(file.path, () => makeFile(file));
}

/**
 * Takes the space of files that have none yet, by writing zeros: a full disk shows now and not at 99 %, and the file lies in
 * one piece where the filesystem can. Stops where `isCancelled`. Rejects with a `disk` failure.
 */
export async function allocateSpace(plan: StoragePlan, isCancelled: () => boolean): Promise<void> {
  const zeros = Buffer.alloc(ALLOCATION_BYTES);
  for (const { path, length } of plan.files) {
    if (length === 0 || lstatSync(diskPath(path)).blocks > 0) continue;
    try {
      const file = await open(diskPath(path), constants.O_WRONLY | constants.O_NOFOLLOW);
      try {
        for (let at = 0; at < length && !isCancelled(); at += zeros.length)
          await file.write(zeros, 0, Math.min(zeros.length, length - at), at);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), path, error);
    }
  }
}

/** Node's recursive mkdir calls every trouble ENOENT, so the last step is made by itself. */
function makeOutputFolder(path: string): void {
  if (lstatSync(diskPath(path), { throwIfNoEntry: false }) !== undefined) return;
  if (dirname(path) !== path) makeOutputFolder(dirname(path));
  attempt(path, () => makeFolder(path));
}

/** Another process may make the same folder at the same moment. */
function makeFolder(path: string): void {
  try {
    mkdirSync(diskPath(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Throws a `disk` failure if a file of the plan was removed or cut while it was written to. */
export function assertStored(plan: StoragePlan): void {
  for (const { path, length } of plan.files) {
    const stats = attempt(path, () => lstatSync(diskPath(path), { throwIfNoEntry: false }));
    if (stats === undefined)
      throw new Failure('disk', `${printable(path)}: was removed while it was downloaded`);
    if (stats.size !== length)
      throw new Failure('disk', `${printable(path)}: was changed by somebody else while it was downloaded`);
  }
}

function makeFolders(root: string, elements: readonly string[], made: Set<string>): void {
  let path = root;
  for (const element of elements) {
    path = join(path, element);
    if (made.has(path)) continue;
    made.add(path);
    if (lstatSync(diskPath(path), { throwIfNoEntry: false }) === undefined)
      attempt(path, () => makeFolder(path));
    // Looked at once more after it was made: whoever else made it may have made a link.
    if (!attempt(path, () => lstatSync(diskPath(path))).isDirectory())
      throw new Failure(
        'disk',
        `${printable(path)}: in the way of a folder of the download (a file or a link)`,
      );
  }
}

function makeFile(file: StoredFile): void {
  const descriptor = openSync(
    diskPath(file.path),
    constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
    0o666,
  );
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
