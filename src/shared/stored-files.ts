/** Where the bytes of a torrent are on disk: what crosses to the threads that read or write them. */
import type { FolderHandle } from './folder.ts';

/**
 * A file of the download on disk; `offset` is its start in the torrent's bytes. Bytes of the torrent that are in no stored
 * file (because it was not selected) are hashed and thrown away.
 */
export interface StoredFile {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

export interface Padding {
  readonly offset: number;
  readonly length: number;
}

/** For a download: the folder that contains all files, also as a prefix of their paths, and what is known about the files. */
export interface FilesPlace {
  readonly root: FolderHandle;
  readonly base: string;
  readonly standings: SharedArrayBuffer;
}

export interface StoredFiles {
  readonly files: readonly StoredFile[];
  /** BEP 47: zeros that are in no file. */
  readonly padding: readonly Padding[];
  /** Read files through symbolic links: for `create` and `verify`, never for a download. */
  readonly followLinks?: boolean;
  readonly place?: FilesPlace;
  /** How each file looked when its bytes were known to be right. One that looks different is not given to peers. */
  readonly looks?: readonly FileLook[];
}

/** Nanoseconds and bytes. */
export interface FileLook {
  readonly size: number;
  readonly modified: string;
}
