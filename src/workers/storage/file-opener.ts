/**
 * Opens the files of a torrent for a storage thread. Files of a download are opened below its folder without following links, and
 * each must be the same file that was checked when the download started.
 */
import { constants } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import type { FileSystem } from '../../shared/file-system.ts';
import { elementsBelow, Folder, FolderWalk } from '../../shared/folder.ts';
import { Standings } from '../../shared/standing.ts';
import type { Access, FilesSetup, TorrentFiles } from './disk.ts';

export class FileOpener implements TorrentFiles {
  readonly #system: FileSystem;
  readonly #files: FilesSetup['files'];
  readonly #place: { readonly walk: FolderWalk; readonly standings: Standings; readonly base: string } | null;
  readonly #noFollow: number;

  constructor({ files, place, followLinks }: FilesSetup, system: FileSystem) {
    this.#system = system;
    this.#files = files;
    this.#noFollow = followLinks === true ? 0 : constants.O_NOFOLLOW;
    this.#place =
      place === undefined
        ? null
        : {
            walk: new FolderWalk(new Folder(place.root, system)),
            standings: new Standings(place.standings),
            base: place.base,
          };
  }

  /** Throws the system's error, or one with the code REPLACED. */
  open(file: number, access: Access): number {
    const flags = access === 'read' ? constants.O_RDONLY : constants.O_WRONLY;
    const path = this.#files[file]?.path ?? '';
    if (this.#place === null)
      return this.#system.open(diskPath(path), flags | this.#noFollow | constants.O_NONBLOCK);
    const { walk, standings, base } = this.#place;
    const elements = elementsBelow(base, path);
    const name = elements.pop() ?? '';
    const { descriptor, stats } = walk.reach(elements).openFile(name, flags);
    if (standings.isSame(file, stats)) return descriptor;
    this.#system.close(descriptor);
    throw Object.assign(new Error('REPLACED'), { code: 'REPLACED' });
  }

  release(): void {
    this.#place?.walk.close();
  }
}
