/**
 * A folder for the files of a download. On Linux a descriptor holds it, and everything in it is opened through this
 * descriptor: if a folder is replaced by a link between a check and an open, the link is not followed. On other systems the
 * folders on the path are checked before and after each open. The last element of a path is never followed either.
 */
import { constants } from 'node:fs';
import { join, sep } from 'node:path';
import { diskPath } from './byte-name.ts';
import { type DiskPath, type FileStats, type FileSystem, SYSTEM_FILES } from './file-system.ts';
import { HOLD } from './folder-descriptor.ts';

/** Opening a pipe or a device in the place of a file must not block. */
export const NEVER_WAIT = constants.O_NONBLOCK | constants.O_NOCTTY;

/** The part of a folder that crosses the thread boundary: descriptors belong to the process. */
export interface FolderHandle {
  readonly path: string;
  /** Null if folders cannot be held by a descriptor. */
  readonly descriptor: number | null;
}

export interface OpenFile {
  readonly descriptor: number;
  /** Its state when it was opened. */
  readonly stats: FileStats;
}

export class Folder {
  /** For messages, and for systems without folder descriptors. */
  readonly path: string;
  readonly descriptor: number | null;
  readonly files: FileSystem;
  /** The folders from the one that the user named to this one, this one included. */
  readonly #way: readonly string[];

  constructor(
    { path, descriptor }: FolderHandle,
    files: FileSystem = SYSTEM_FILES,
    way: readonly string[] = [],
  ) {
    this.path = path;
    this.descriptor = descriptor;
    this.files = files;
    this.#way = way;
  }

  /** The folder that the user named; links in its path are followed. Throws the system's error. */
  static open(path: string, files: FileSystem = SYSTEM_FILES): Folder {
    if (!files.holdsFolders()) {
      const real = files.realpath(diskPath(path));
      if (files.stat(diskPath(real))?.isDirectory() !== true) throw systemError('ENOTDIR');
      return new Folder({ path: real, descriptor: null }, files);
    }
    return new Folder({ path, descriptor: files.open(diskPath(path), HOLD) }, files);
  }

  /** The path of an entry for system calls. They do not check its last element: pass O_NOFOLLOW. */
  at(name: string): DiskPath {
    const inside = `/proc/self/fd/${this.descriptor}/${name}`;
    return diskPath(this.descriptor === null ? join(this.path, name) : inside);
  }

  /** The entry itself, without following a link; null if there is none. */
  look(name: string): FileStats | null {
    return this.files.lstat(this.at(name));
  }

  /** A folder in this one. Throws ENOTDIR if it is a link or a file, ENOENT if there is none. */
  enter(name: string): Folder {
    const path = join(this.path, name);
    const { files } = this;
    if (this.descriptor !== null)
      return new Folder({ path, descriptor: files.open(this.at(name), HOLD | constants.O_NOFOLLOW) }, files);
    const inner = new Folder({ path, descriptor: null }, files, [...this.#way, path]);
    inner.#assertWay();
    return inner;
  }

  /** Another process may make the same folder at the same moment. */
  make(name: string): void {
    try {
      this.files.mkdir(this.at(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }

  /** Opens a regular file of this folder and nothing else. Throws the system's error; EINVAL if it is not a regular file. */
  openFile(name: string, flags: number): OpenFile {
    this.#assertWay();
    const { files } = this;
    const descriptor = files.open(this.at(name), flags | constants.O_NOFOLLOW | NEVER_WAIT, 0o666);
    try {
      const stats = files.fstat(descriptor);
      if (!stats.isFile()) throw systemError('EINVAL');
      this.#assertWay();
      return { descriptor, stats };
    } catch (error) {
      files.close(descriptor);
      throw error;
    }
  }

  /** True if this path still leads to the held folder, or if no folder is held. */
  isAt(path: string): boolean {
    if (this.descriptor === null) return true;
    try {
      const [held, there] = [this.files.fstat(this.descriptor), this.files.stat(diskPath(path))];
      return there?.ino === held.ino && there.dev === held.dev;
    } catch {
      return false;
    }
  }

  /** A mount that has died shows itself where data is written: nothing was written through a folder. */
  close(): void {
    try {
      if (this.descriptor !== null) this.files.close(this.descriptor);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Closed twice, it might close a file of somebody else.
      if (code === undefined || code === 'EBADF') throw error;
    }
  }

  #assertWay(): void {
    for (const path of this.#way) {
      const stats = this.files.lstat(diskPath(path));
      if (stats === null) throw systemError('ENOENT');
      if (!stats.isDirectory()) throw systemError('ENOTDIR');
    }
  }
}

/** Opens the folders of files, one element after the other. The last one is kept, because neighbouring files are in the same folder. */
export class FolderWalk {
  readonly #root: Folder;
  #kept: { readonly key: string; readonly folder: Folder } | null = null;

  constructor(root: Folder) {
    this.#root = root;
  }

  /** `make`: creates missing folders. The result is valid until the next call. Throws the system's error. */
  reach(elements: readonly string[], make = false): Folder {
    if (elements.length === 0) return this.#root;
    const key = elements.join('/');
    if (this.#kept?.key === key) return this.#kept.folder;
    this.close();
    let folder = this.#root;
    for (const element of elements) {
      const outer = folder;
      try {
        if (make) outer.make(element);
        folder = outer.enter(element);
      } finally {
        if (outer !== this.#root) outer.close();
      }
    }
    this.#kept = { key, folder };
    return folder;
  }

  close(): void {
    this.#kept?.folder.close();
    this.#kept = null;
  }
}

/** A path below a folder, element by element. Both are absolute and normal. */
export function elementsBelow(folder: string, path: string): string[] {
  return path.slice(folder.endsWith(sep) ? folder.length : folder.length + 1).split(sep);
}

export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
