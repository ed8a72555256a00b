/**
 * The file system as a storage thread needs it. A simulation puts another in the place of the real one. Everything is
 * synchronous, and throws the system's error with its `code`.
 */
import type { StoredTorrentSetup } from '../../shared/storage-messages.ts';

export type Access = 'read' | 'write';

/** What of a torrent's set-up says where its files are, and which they are. */
export type FilesSetup = Pick<StoredTorrentSetup, 'files' | 'place' | 'followLinks'>;

/** The files of one torrent, by their position in its plan. */
export interface TorrentFiles {
  /** Returns a descriptor. Throws also an error with the code REPLACED: it is not the file that was looked at. */
  open(file: number, access: Access): number;
  /** Closes what it holds between two opens, such as a folder. It can open again. */
  release(): void;
}

export interface Disk {
  filesOf(setup: FilesSetup): TorrentFiles;
  close(descriptor: number): void;
  /** `bytes[from, from + count)` from `position` of the file on. Returns how many were read; 0 at its end. */
  read(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** Returns how many were written. */
  write(descriptor: number, bytes: Uint8Array, from: number, count: number, position: number): number;
  /** By which a write is timed. */
  nanoseconds(): bigint;
}
