/**
 * The file system as a storage thread needs it. A simulation replaces the real one. Everything is synchronous, and throws the
 * system's error with its `code`.
 */
import type { StoredTorrentSetup } from '../../shared/storage-messages.ts';

export type Access = 'read' | 'write';

/** The part of a torrent's set-up that describes its files and their place. */
export type FilesSetup = Pick<StoredTorrentSetup, 'files' | 'place' | 'followLinks'>;

/** The files of one torrent, by their position in its plan. */
export interface TorrentFiles {
  /** Returns a descriptor. Also throws an error with the code REPLACED if the file is not the one that was checked. */
  open(file: number, access: Access): number;
  /** Closes what it keeps open between two calls, such as a folder. It can open again. */
  release(): void;
}

export interface Disk {
  filesOf(setup: FilesSetup): TorrentFiles;
  /** A file of somebody else, for reading. Throws also if it is a link or no regular file. */
  openSource(path: string): number;
  close(descriptor: number): void;
  /** Reads into `bytes[from, from + count)` at `position` of the file. Returns how many bytes were read; 0 at its end. */
  read(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** Returns how many bytes were written. */
  write(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** The clock that times writes. */
  nanoseconds(): bigint;
}
