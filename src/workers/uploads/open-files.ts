/**
 * Files that a shard reads to send them, of all its torrents: opened without blocking the thread, because a disk may be slow. The one
 * that was not used for the longest time is closed first.
 */
import type { FileSystem } from '../../shared/file-system.ts';
import { FileLooks } from './file-looks.ts';

/** The files of one torrent, by their position in its plan. */
export interface ReadableFiles {
  /** Resolves with a descriptor. Rejects with the system's error. */
  openToRead(file: number): Promise<number>;
}

interface OpenFile {
  readonly torrent: ReadableFiles;
  readonly file: number;
  readonly opening: Promise<OpenedFile>;
  /** Null while it is being opened. */
  descriptor: number | null;
  /** Those that read it, or wait until it is open. */
  users: number;
  /** Nobody else may use it: it is closed after the last read. */
  isLeaving: boolean;
}

export interface OpenedFile {
  readonly descriptor: number;
  readonly looks: FileLooks;
}

export class OpenFiles {
  readonly #system: FileSystem;
  readonly #most: number;
  readonly #torrents = new Map<ReadableFiles, Map<number, OpenFile>>();
  /** The last used one is the last. */
  readonly #byUse = new Set<OpenFile>();

  constructor(system: FileSystem, most: number) {
    this.#system = system;
    this.#most = most;
  }

  get count(): number {
    return this.#byUse.size;
  }

  /** Opens the file if it is not open, and keeps it open while `work` runs. Rejects with the system's error. */
  async with<Result>(
    torrent: ReadableFiles,
    file: number,
    work: (opened: OpenedFile) => Promise<Result>,
  ): Promise<Result> {
    const open = this.#torrents.get(torrent)?.get(file) ?? this.#enter(torrent, file);
    this.#byUse.delete(open);
    this.#byUse.add(open);
    open.users += 1;
    try {
      return await work(await open.opening);
    } finally {
      open.users -= 1;
      // What could not be opened is tried again by the next read.
      if (open.descriptor === null) this.#leave(open);
      else if (open.isLeaving) this.#close(open);
    }
  }

  /** Closes the files of a torrent: now, or after the read that is under way. */
  release(torrent: ReadableFiles): void {
    for (const open of [...(this.#torrents.get(torrent)?.values() ?? [])]) this.#leave(open);
  }

  #enter(torrent: ReadableFiles, file: number): OpenFile {
    this.#makeRoom();
    const opening = this.#opened(torrent, file, (descriptor) => {
      open.descriptor = descriptor;
    });
    const open: OpenFile = { torrent, file, opening, descriptor: null, users: 0, isLeaving: false };
    const files = this.#torrents.get(torrent) ?? new Map<number, OpenFile>();
    this.#torrents.set(torrent, files.set(file, open));
    return open;
  }

  async #opened(
    torrent: ReadableFiles,
    file: number,
    told: (descriptor: number) => void,
  ): Promise<OpenedFile> {
    const descriptor = await torrent.openToRead(file);
    told(descriptor);
    return { descriptor, looks: new FileLooks(() => this.#system.slow.fstat(descriptor)) };
  }

  /** Files that are being read are not closed: there are never more of them than reads. */
  #makeRoom(): void {
    for (const open of this.#byUse) {
      if (this.#byUse.size < this.#most) return;
      if (open.users === 0) this.#leave(open);
    }
  }

  #leave(open: OpenFile): void {
    const { torrent, file } = open;
    this.#byUse.delete(open);
    open.isLeaving = true;
    const files = this.#torrents.get(torrent);
    // Another may have been opened in its place.
    if (files?.get(file) === open) files.delete(file);
    if (files?.size === 0) this.#torrents.delete(torrent);
    this.#close(open);
  }

  #close(open: OpenFile): void {
    if (open.users > 0 || open.descriptor === null) return;
    this.#system.close(open.descriptor);
    open.descriptor = null;
  }
}
