/** Everything that is said between the main thread and the storage threads: set-ups of torrents, tasks and results. */
import type { FolderHandle } from './folder.ts';
import type { Geometry } from './geometry.ts';
import type { PieceIndex, TorrentId } from './indices.ts';
import type { FullPiece } from './messages.ts';
import type { ArenaMemory } from './slot-blocks.ts';

/** A full piece on its way to a storage thread. */
export interface PieceToStore extends FullPiece {
  /** It failed before: its block hashes are wanted although it may be good now. */
  readonly suspect: boolean;
}

/**
 * What the blocks of a piece looked like when it failed its hash, or when at last it passed: 20 bytes a block. The
 * difference between the two is who sent bad data.
 */
export interface Evidence {
  readonly piece: PieceIndex;
  readonly good: boolean;
  readonly blockHashes: Uint8Array;
}

/** What a storage thread has from its start. */
export interface StorageThreadSetup {
  /** Files that it keeps open, over all torrents. */
  readonly openFiles: number;
}

/** What a storage thread must know of a torrent before its first task of it; shared memory and plain data. */
export interface StoredTorrentSetup {
  readonly arena: ArenaMemory | null;
  readonly geometry: Geometry;
  /** 20 bytes a piece (BEP 3 `pieces`). */
  readonly hashes: SharedArrayBuffer;
  readonly files: readonly StoredFile[];
  /** BEP 47: zeros that lie in no file. */
  readonly padding: readonly Padding[];
  /** Files are read through symbolic links: for a torrent that is being made, never for a download. */
  readonly followLinks?: boolean;
  /** Of a download: the folder that all files lie below, also as it stands in their paths; and what is known of the files. */
  readonly place?: {
    readonly root: FolderHandle;
    readonly base: string;
    readonly standings: SharedArrayBuffer;
  };
}

/** A stretch of a file of the plan. */
export interface FileRange {
  readonly file: number;
  readonly from: number;
  readonly to: number;
}

/**
 * A file of the download as it lies on disk; `offset` is where it begins in the torrent's bytes. Bytes of the torrent that
 * belong to no stored file (it was not selected) are checked and thrown away.
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

/** Work on one torrent. */
export type StorageTask =
  /** Hash these slots; write the good ones. */
  | { readonly type: 'store'; readonly pieces: readonly PieceToStore[] }
  /** Read these pieces from disk and hash them: `[first, first + count)`. */
  | { readonly type: 'check'; readonly first: PieceIndex; readonly count: number }
  /** The same, but tell the hashes: for a torrent that is being made. */
  | { readonly type: 'digest'; readonly first: PieceIndex; readonly count: number }
  /** Is there nothing but zeros? */
  | { readonly type: 'blank'; readonly ranges: readonly FileRange[] };

/** What main sends to a storage thread, one command at a time; each has a result. */
export type StorageCommand =
  /** `setup`: where this thread does not know the torrent yet. */
  | {
      readonly type: 'run';
      readonly torrent: TorrentId;
      readonly setup: StoredTorrentSetup | null;
      readonly task: StorageTask;
    }
  /** Close their files and forget them. */
  | { readonly type: 'forget'; readonly torrents: readonly TorrentId[] }
  /** Give back the shared memory of what was forgotten. */
  | { readonly type: 'collect' };

/** The system's word on a failed file operation. */
export interface DiskFault {
  readonly code: string;
  readonly path: string;
  readonly operation: string;
}

export type StorageResult =
  | {
      readonly type: 'stored';
      readonly good: readonly FullPiece[];
      readonly bad: readonly FullPiece[];
      readonly evidence: readonly Evidence[];
      /** Bytes in one write call, as they cost least so far. */
      readonly writeBytes: number;
      /** Good pieces of which a guarded file has other bytes: that part of them was not written. */
      readonly withheld: readonly { readonly piece: PieceIndex; readonly files: readonly number[] }[];
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'checked';
      readonly good: readonly PieceIndex[];
      readonly bad: readonly PieceIndex[];
      readonly missing: readonly PieceIndex[];
      readonly fault: DiskFault | null;
    }
  /** 20 bytes a piece, from `first` on. A file that ends too early is a fault: it changed while it was read. */
  | {
      readonly type: 'digested';
      readonly first: PieceIndex;
      readonly hashes: Uint8Array;
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'looked';
      /** Files with nothing but zeros there. */
      readonly blank: readonly number[];
      readonly fault: DiskFault | null;
    }
  /** To a command that is no task. */
  | { readonly type: 'done'; readonly fault: null };
