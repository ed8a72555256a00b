/**
 * Makes a missing file of the download as a clone of another one (a reflink): it takes no time and no space, and what is written to
 * it later does not change the other file. Only some file systems can do this, and only within themselves.
 */
import { constants } from 'node:fs';
import { diskPath } from '../../../shared/byte-name.ts';
import type { FileSystem } from '../../../shared/file-system.ts';
import { type Folder, FolderWalk, NEVER_WAIT } from '../../../shared/folder.ts';
import type { Standings } from '../../../shared/standing.ts';
import type { OutputPlace } from '../output-place.ts';
import { elementsOf } from '../storage-plan.ts';
import type { SourceFile } from './source-walk.ts';

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
const PERMISSIONS = 0o777;

export class FileCloner {
  readonly #place: OutputPlace;
  readonly #files: FileSystem;
  readonly #standings: Standings;
  /** File systems that have refused, by the device of the source: they are not tried again. */
  readonly #refused = new Set<bigint>();

  constructor(place: OutputPlace, standings: Standings) {
    this.#place = place;
    this.#files = place.root.files;
    this.#standings = standings;
  }

  /** True: the file of the plan is there now, at its length. False: nothing was made, and it is to be made in another way. */
  async clone(file: number, source: SourceFile): Promise<boolean> {
    const walk = new FolderWalk(this.#place.root);
    try {
      const elements = elementsOf(this.#place.plan, file);
      const name = elements.pop() ?? '';
      return await this.#cloneTo(file, source, walk.reach(elements, true), name);
    } catch {
      // What is wrong with this place shows when the file is made.
      return false;
    } finally {
      walk.close();
    }
  }

  async #cloneTo(file: number, source: SourceFile, folder: Folder, name: string): Promise<boolean> {
    const files = this.#files;
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | NEVER_WAIT;
    const from = files.open(diskPath(source.path), flags);
    try {
      const { dev, size, isFile } = statsOf(files, from);
      if (!isFile || size !== source.size || this.#refused.has(dev)) return false;
      const mode = permissionsHere(files, folder, name);
      // Through the descriptor it is the very file that was looked at.
      const path = files.holdsFolders() ? `/proc/self/fd/${from}` : diskPath(source.path);
      await files.slow.clone(path, folder.at(name)).catch((error: unknown) => {
        this.#refused.add(dev);
        throw error;
      });
      this.#adopt(file, source.size, mode, folder, name);
      return true;
    } finally {
      files.close(from);
    }
  }

  /** The clone has the permissions of the source; it gets those of a file that we make. */
  #adopt(file: number, length: number, mode: number, folder: Folder, name: string): void {
    const files = this.#files;
    try {
      const { descriptor, stats } = folder.openFile(name, constants.O_RDONLY);
      try {
        // The source was changed in this moment.
        if (Number(stats.size) !== length) throw new Error('another size');
        files.chmod(descriptor, mode);
        this.#standings.identify(file, stats.ino, stats.birthtimeNs);
      } finally {
        files.close(descriptor);
      }
    } catch (error) {
      files.unlink(folder.at(name));
      throw error;
    }
  }
}

function statsOf(files: FileSystem, descriptor: number) {
  const stats = files.fstat(descriptor);
  return { dev: stats.dev, size: Number(stats.size), isFile: stats.isFile() };
}

/** The permissions that a new file has in this folder: made, looked at and removed again. Throws if something is there. */
function permissionsHere(files: FileSystem, folder: Folder, name: string): number {
  const { descriptor, stats } = folder.openFile(name, NEW);
  files.close(descriptor);
  files.unlink(folder.at(name));
  return Number(stats.mode) & PERMISSIONS;
}
