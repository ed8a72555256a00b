/**
 * The open files of a storage thread, over all its torrents: a few; the one that was unused longest is closed to open another.
 * It also has what belongs to the thread and not to a torrent: the size of its write calls, and memory to read into.
 */
import { CHECK_READ_BYTES, WRITE_CHUNK_BYTES } from '../../shared/limits.ts';
import type { Access, Disk, TorrentFiles } from './disk.ts';
import { WriteSize } from './write-size.ts';

interface OpenFile {
  readonly descriptor: number;
  readonly torrent: TorrentFiles;
  readonly file: number;
  readonly access: Access;
}

/** What was written to the file is lost, by the code of the system. */
export interface LostFile {
  readonly file: number;
  readonly code: string;
}

export class ThreadFiles {
  readonly disk: Disk;
  readonly writeSize = new WriteSize();
  /** Memory for comparing bytes with those on disk. */
  readonly scratch = Buffer.allocUnsafeSlow(WRITE_CHUNK_BYTES);
  readonly #mostOpen: number;
  /** By the caller's key; a Map remembers the order of use. */
  readonly #open = new Map<string, OpenFile>();
  /** Some systems (NFS) say only when a file is closed that they could not write. The first such file of a torrent, until it is released. */
  readonly #lost = new Map<TorrentFiles, LostFile>();
  /** A torrent keeps a folder open between two opens. Only the last torrent does, or a thousand would keep a thousand. */
  #lastOpened: TorrentFiles | null = null;
  #readBuffer: Buffer | null = null;

  constructor(disk: Disk, mostOpen: number) {
    this.disk = disk;
    this.#mostOpen = mostOpen;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Memory into which pieces are read, part by part. Created on first use. */
  get readBuffer(): Buffer {
    this.#readBuffer ??= Buffer.allocUnsafeSlow(CHECK_READ_BYTES);
    return this.#readBuffer;
  }

  /** The descriptor of a file. `key` identifies file and access among all torrents. Throws the error of the disk. */
  descriptor(key: string, torrent: TorrentFiles, file: number, access: Access): number {
    const known = this.#open.get(key);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, known);
      return known.descriptor;
    }
    while (this.#open.size > 0 && this.#open.size >= this.#mostOpen) this.#closeOldest();
    if (this.#lastOpened !== torrent) this.#lastOpened?.release();
    this.#lastOpened = torrent;
    const descriptor = this.#openOrMakeRoom(torrent, file, access);
    this.#open.set(key, { descriptor, torrent, file, access });
    return descriptor;
  }

  /** A file of this torrent that could not be written; null if none is known. */
  lostOf(torrent: TorrentFiles): LostFile | null {
    return this.#lost.get(torrent) ?? null;
  }

  /** Closes everything that is open for this torrent. Returns a file that could not be written. */
  release(torrent: TorrentFiles): LostFile | null {
    for (const [key, file] of this.#open) if (file.torrent === torrent) this.#close(key, file);
    const lost = this.lostOf(torrent);
    this.#lost.delete(torrent);
    if (this.#lastOpened === torrent) {
      torrent.release();
      this.#lastOpened = null;
    }
    return lost;
  }

  /** Sockets may have taken all descriptors of the process. Then one of our files is closed to open this one. */
  #openOrMakeRoom(torrent: TorrentFiles, file: number, access: Access): number {
    for (;;) {
      try {
        return torrent.open(file, access);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== 'EMFILE' && code !== 'ENFILE') || this.#open.size === 0) throw error;
        this.#closeOldest();
      }
    }
  }

  #closeOldest(): void {
    const [key, file] = this.#open.entries().next().value as [string, OpenFile];
    this.#close(key, file);
  }

  /** The file that another one makes room for may be of another torrent, so its error is kept for its own. */
  #close(key: string, { descriptor, torrent, file, access }: OpenFile): void {
    this.#open.delete(key);
    try {
      this.disk.close(descriptor);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (access === 'write' && !this.#lost.has(torrent)) this.#lost.set(torrent, { file, code });
    }
  }
}
