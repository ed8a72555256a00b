/** The files of a download: their paths on disk, and their pieces. */

import { join } from 'node:path';
import { type FileSystem, SYSTEM_FILES } from '../../shared/file-system.ts';
import { elementsBelow } from '../../shared/folder.ts';
import { endOfPiece, type Geometry, offsetOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Padding, StoredFile } from '../../shared/stored-files.ts';
import { absolutePath } from '../files/absolute-path.ts';
import { lookAt } from '../files/disk-failure.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { journalName } from './names/name-beside.ts';
import { placesOf } from './names/places.ts';
import { linksOf, type TorrentLink } from './names/torrent-links.ts';
import { type FinalPaths, withPartNames } from './part-files.ts';
import { paddingPieces } from './zero-pieces.ts';

export interface StoragePlan {
  readonly folder: string;
  /** The path for the user: the file of a single-file torrent, else the folder. */
  readonly root: string;
  /** In the order of the torrent, without padding and files that are not selected. */
  readonly files: readonly StoredFile[];
  /** Of files that have another name until they are verified. */
  readonly finalPaths: FinalPaths;
  readonly padding: readonly Padding[];
  /** Created when the download is complete. */
  readonly links: readonly TorrentLink[];
  /** 1 for each piece that a file of the plan needs, and where all are wanted, for those that are only padding. */
  readonly wanted: Uint8Array;
}

/** `selected`: the indices of the wanted files, padding not counted; null for all. `hasParts`: files have a name ending in `.part` until they are verified; files that an interrupted run has left so have it in any case. Throws a `disk` failure. */
export function storagePlan(
  metainfo: Metainfo,
  folder: string,
  selected: ReadonlySet<number> | null = null,
  system: FileSystem = SYSTEM_FILES,
  hasParts = false,
): StoragePlan {
  const absolute = absolutePath(folder);
  const places = placesOf(metainfo, folder, system);
  const files = metainfo.files
    .map((file, i) => ({ ...file, path: places.paths[i] ?? '' }))
    .filter((file) => !file.padding)
    .filter(({ link }, index) => link === null && (selected === null || selected.has(index)))
    .map(({ path, offset, length }) => ({ path, offset, length }));
  const padding = metainfo.files
    .filter((file) => file.padding)
    .map(({ offset, length }) => ({ offset, length }));
  const wanted = new Uint8Array(metainfo.geometry.pieceCount);
  // No file needs padding. With zeros it is there from the start; where its hash says otherwise, no peer can have it.
  if (selected === null) for (const piece of paddingPieces(metainfo)) wanted[piece] = 1;
  for (const file of files) {
    const { first, end } = piecesOf(metainfo.geometry, file);
    wanted.fill(1, first, end);
  }
  const wasBegun = lookAt(join(absolute, journalName(places.root)), system) !== null;
  const named =
    hasParts || wasBegun
      ? withPartNames(files, hasParts ? 'all' : 'left', system)
      : { files, finalPaths: new Map() };
  return {
    folder: absolute,
    root: places.root,
    ...named,
    links: linksOf(metainfo.files, places),
    padding,
    wanted,
  };
}

/** The files under the names that they have when all is verified. */
export function finalFiles({ files, finalPaths }: StoragePlan): readonly StoredFile[] {
  return files.map((file, i) => ({ ...file, path: finalPaths.get(i) ?? file.path }));
}

/** True if something is at the place of the download. Throws a `disk` failure. */
export function isThere({ root }: StoragePlan, files: FileSystem): boolean {
  return lookAt(root, files) !== null;
}

/** Every piece is wanted, and no byte is kept. */
export function discardingPlan(metainfo: Metainfo): StoragePlan {
  return { ...storagePlan(metainfo, '.'), files: [], finalPaths: new Map() };
}

/** The path of a file of the plan below its folder, as elements. */
export function elementsOf(plan: StoragePlan, file: number): string[] {
  return elementsBelow(plan.folder, plan.files[file]?.path ?? plan.folder);
}

/** Files in the order of their bytes. */
interface FilesInOrder {
  readonly files: readonly { readonly offset: number; readonly length: number }[];
}

/** The files of a plan, or of a torrent, with a byte of the piece. */
export function* filesOfPiece(plan: FilesInOrder, g: Geometry, piece: PieceIndex): Iterable<number> {
  const [start, end] = [offsetOfPiece(g, piece), endOfPiece(g, piece)];
  for (let i = fileAt(plan, start); i < plan.files.length; i++) {
    const file = plan.files[i];
    if (file === undefined || file.offset >= end) return;
    if (file.length > 0 && file.offset + file.length > start) yield i;
  }
}

/** The last file that begins at or before `offset`: where a walk over the files of a piece starts. */
function fileAt(plan: FilesInOrder, offset: number): number {
  let low = 0;
  let high = plan.files.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((plan.files[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  // Files of length zero share an offset, so the walk must begin at the first possible one.
  while (low > 0 && (plan.files[low]?.offset ?? 0) >= offset) low -= 1;
  return low;
}
