/**
 * Opens the files of a torrent for a storage thread, or for a shard that reads them. Files of a download are opened below its folder without following links, and
 * each must be the same file that was checked when the download started.
 */
import { constants } from 'node:fs';
import { diskPath } from '../../shared/byte-name.ts';
import type { FileSystem } from '../../shared/file-system.ts';
import { elementsBelow, Folder, FolderWalk } from '../../shared/folder.ts';
import { openBelow } from '../../shared/open-below.ts';
import { Standings } from '../../shared/standing.ts';
import type { Access, FilesSetup, TorrentFiles } from './disk.ts';

export class FileOpener implements TorrentFiles {
  readonly #system: FileSystem;
  readonly #files: FilesSetup['files'];
  readonly #place: {
    readonly root: Folder;
    readonly walk: FolderWalk;
    readonly standings: Standings;
    readonly base: string;
  } | null;
  readonly #noFollow: number;

  constructor({ files, place, followLinks }: FilesSetup, system: FileSystem) {
    this.#system = system;
    this.#files = files;
    this.#noFollow = followLinks === true ? 0 : constants.O_NOFOLLOW;
    if (place === undefined) this.#place = null;
    else {
      const root = new Folder(place.root, system);
      const standings = new Standings(place.standings);
      this.#place = { root, walk: new FolderWalk(root), standings, base: place.base };
    }
  }

  /** Throws the system's error, or one with the code REPLACED. */
  open(file: number, access: Access): number {
    const flags = access === 'read' ? constants.O_RDONLY : constants.O_WRONLY;
    const path = this.#files[file]?.path ?? '';
    if (this.#place === null)
      return this.#system.open(diskPath(path), flags | this.#noFollow | constants.O_NONBLOCK);
    const { walk, base, standings } = this.#place;
    const elements = elementsBelow(base, path);
    const name = elements.pop() ?? '';
    return standings.checked(file, walk.reach(elements).openFile(name, flags), this.#system);
  }

  /** The same for reading, without blocking the thread. */
  async openToRead(file: number): Promise<number> {
    const path = this.#files[file]?.path ?? '';
    const flags = constants.O_RDONLY;
    if (this.#place === null)
      return this.#system.slow.open(diskPath(path), flags | this.#noFollow | constants.O_NONBLOCK);
    const { root, base, standings } = this.#place;
    return standings.checked(file, await openBelow(root, elementsBelow(base, path), flags), this.#system);
  }

  release(): void {
    this.#place?.walk.close();
  }
}
