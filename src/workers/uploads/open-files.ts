/** Descriptors of files that a shard reads to send them, of all its torrents. The one that was not used for the longest time is closed first. */
import type { FileSystem } from '../../shared/file-system.ts';
import type { TorrentFiles } from '../storage/disk.ts';

interface OpenFile {
  readonly descriptor: number;
  /** Reads that are under way. */
  users: number;
  /** Nobody may use it again: it is closed after the last read. */
  isLeaving: boolean;
}

/** The open files of one torrent, by their position in its plan. */
type FilesOfTorrent = Map<number, OpenFile>;

export class OpenFiles {
  readonly #system: FileSystem;
  readonly #most: number;
  readonly #torrents = new Map<TorrentFiles, FilesOfTorrent>();
  /** The last used one is the last. */
  readonly #byUse = new Map<OpenFile, { readonly torrent: TorrentFiles; readonly file: number }>();

  constructor(system: FileSystem, most: number) {
    this.#system = system;
    this.#most = most;
  }

  get count(): number {
    return this.#byUse.size;
  }

  /** Opens the file if it is not open, and keeps it open while `work` runs. Rejects with the system's error. */
  async with<Result>(
    torrent: TorrentFiles,
    file: number,
    work: (descriptor: number) => Promise<Result>,
  ): Promise<Result> {
    const open = this.#open(torrent, file);
    open.users += 1;
    try {
      return await work(open.descriptor);
    } finally {
      open.users -= 1;
      if (open.isLeaving && open.users === 0) this.#system.close(open.descriptor);
    }
  }

  /** Closes the files of a torrent: now, or after the read that is under way. */
  release(torrent: TorrentFiles): void {
    for (const [file, open] of this.#torrents.get(torrent) ?? []) this.#close(open, torrent, file);
    torrent.release();
  }

  #open(torrent: TorrentFiles, file: number): OpenFile {
    const known = this.#torrents.get(torrent)?.get(file);
    if (known !== undefined) {
      this.#byUse.delete(known);
      this.#byUse.set(known, { torrent, file });
      return known;
    }
    this.#makeRoom();
    const open = { descriptor: torrent.open(file, 'read'), users: 0, isLeaving: false };
    const files: FilesOfTorrent = this.#torrents.get(torrent) ?? new Map();
    this.#torrents.set(torrent, files.set(file, open));
    this.#byUse.set(open, { torrent, file });
    return open;
  }

  /** Files that are being read are not closed: there are never more of them than reads. */
  #makeRoom(): void {
    for (const [open, { torrent, file }] of this.#byUse) {
      if (this.#byUse.size < this.#most) return;
      if (open.users === 0) this.#close(open, torrent, file);
    }
  }

  #close(open: OpenFile, torrent: TorrentFiles, file: number): void {
    this.#byUse.delete(open);
    const files = this.#torrents.get(torrent);
    files?.delete(file);
    if (files?.size === 0) this.#torrents.delete(torrent);
    open.isLeaving = true;
    if (open.users === 0) this.#system.close(open.descriptor);
  }
}
