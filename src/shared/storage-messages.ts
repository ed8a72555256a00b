/** All messages between the main thread and the storage threads: setups of torrents, tasks and results. */
import type { Geometry } from './geometry.ts';
import type { PieceIndex, TorrentId } from './indices.ts';
import type { LeaseMemory } from './lease.ts';
import type { FullPiece } from './messages.ts';
import type { PieceHashes } from './piece-hashes.ts';
import type { ArenaMemory } from './slot-blocks.ts';
import type { StoredFiles } from './stored-files.ts';

/** A full piece for a storage thread. */
export interface PieceToStore extends FullPiece {
  /** It failed before: its block hashes are needed even if it is good now. */
  readonly suspect: boolean;
  /** Its bytes are right by where they come from, whatever hash is known: its hash is made of them. */
  readonly makesHash?: boolean;
}

/** The hash of a piece of which none was known: SHA-1, 20 bytes. */
export interface MadeHash {
  readonly piece: PieceIndex;
  readonly hash: Uint8Array;
}

/**
 * The hashes of a piece's blocks when it failed its hash check, or when it finally passed: 20 bytes per block. The difference
 * shows which sender sent bad data.
 */
export interface Evidence {
  readonly piece: PieceIndex;
  readonly good: boolean;
  readonly blockHashes: Uint8Array;
  /** Of a bad piece with a tree of several blocks (BEP 52): 32 bytes per block of its file. */
  readonly leaves: Uint8Array | null;
}

/** What a storage thread knows from its start. */
export interface StorageThreadSetup {
  /** Files that it keeps open, for all torrents together. */
  readonly openFiles: number;
}

/** What a storage thread must know of a torrent before the first task of this torrent: shared memory and plain data. */
export interface StoredTorrentSetup extends StoredFiles {
  readonly arena: ArenaMemory | null;
  readonly geometry: Geometry;
  readonly hashes: PieceHashes;
  /** If given: once it is over, nothing is written. */
  readonly lease?: LeaseMemory;
}

/** A stretch of a file of the plan. */
export interface FileRange {
  readonly file: number;
  readonly from: number;
  readonly to: number;
}

/** What is expected there: `digest` is the SHA-256 of its bytes in base64, or null if it is not known. */
export interface LookedRange extends FileRange {
  readonly digest: string | null;
}

/** `right`: the digest says so. `blank`: only zeros, or beyond the end of the file. */
export interface SeenRange extends FileRange {
  readonly state: 'right' | 'blank' | 'other';
}

/**
 * The right bytes of a piece in one file, if not all of the piece is in files of the plan: from the disk, the hash of the piece cannot
 * be computed then. `from`: in the bytes of the torrent. `digest`: SHA-256 in base64.
 */
export interface EdgeHash {
  readonly from: number;
  readonly length: number;
  readonly digest: string;
}

/** A stretch of a piece in a file that is only read. */
export interface SourcePart {
  /** Position in the piece. */
  readonly from: number;
  readonly length: number;
  readonly path: string;
  /** Position in the file. */
  readonly at: number;
}

/** A piece that other files may have. */
export interface SoughtPiece {
  readonly piece: PieceIndex;
  /** Tried in this order. Each has all parts of the piece that are not padding. */
  readonly ways: readonly (readonly SourcePart[])[];
}

/** A stretch of a file that is only read, as long as some pieces; the last one may be short, at the end of the file. */
export interface SourceStretch {
  readonly path: string;
  readonly at: number;
  readonly length: number;
}

/** A piece of such a file, by its place in the file. */
export interface KnownChunk {
  readonly path: string;
  readonly at: number;
  readonly length: number;
  /** A hash that it has, as Latin-1 text: 20 bytes of SHA-1, or 32 of the root of its tree. */
  readonly digest: string;
}

/** Work on one torrent. */
export type StorageTask =
  /** Hash these slots; write the good ones. */
  | { readonly type: 'store'; readonly pieces: readonly PieceToStore[] }
  /** Read these pieces from disk and hash them: `[first, first + count)`. */
  | { readonly type: 'check'; readonly first: PieceIndex; readonly count: number }
  /** The same, but return the hashes: for `create`. */
  | { readonly type: 'digest'; readonly first: PieceIndex; readonly count: number }
  /** What do the files hold there? */
  | { readonly type: 'look'; readonly ranges: readonly LookedRange[] }
  /** Read these pieces from other files. `keep`: write the right ones to their place. */
  | { readonly type: 'take'; readonly pieces: readonly SoughtPiece[]; readonly keep: boolean }
  /** Hash other files, piece by piece. `isPadded`: a short piece also with zeros up to its end (BEP 47). */
  | {
      readonly type: 'digest-source';
      readonly stretches: readonly SourceStretch[];
      readonly isPadded: boolean;
    };

/** Commands from main to a storage thread, one at a time; each has a result. */
export type StorageCommand =
  /** `setup`: only if this thread does not know the torrent yet. */
  | {
      readonly type: 'run';
      readonly torrent: TorrentId;
      readonly setup: StoredTorrentSetup | null;
      readonly task: StorageTask;
    }
  /** Close their files and forget them. */
  | { readonly type: 'forget'; readonly torrents: readonly TorrentId[] }
  /** Free the shared memory of forgotten torrents. */
  | { readonly type: 'collect' };

/** A good piece that differs from guarded files: its part in these files was not written. */
export interface WithheldPiece {
  readonly piece: PieceIndex;
  readonly files: readonly number[];
}

/** The system's error for a failed file operation. */
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
      /** Of good pieces. */
      readonly made?: readonly MadeHash[];
      /** One of the bad pieces is right for one half of a hybrid (BEP 52). */
      readonly isSplit: boolean;
      readonly evidence: readonly Evidence[];
      /** Bytes in one write call, the cheapest size so far. */
      readonly writeBytes: number;
      readonly withheld: readonly WithheldPiece[];
      readonly edges: readonly EdgeHash[];
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'checked';
      readonly good: readonly PieceIndex[];
      readonly bad: readonly PieceIndex[];
      /** As above. */
      readonly isSplit: boolean;
      readonly missing: readonly PieceIndex[];
      readonly fault: DiskFault | null;
    }
  /** A file that ends too early is a fault: it changed during reading. */
  | {
      readonly type: 'digested';
      readonly first: PieceIndex;
      readonly count: number;
      /** 20 bytes of SHA-1 per piece; empty if the set-up has none. */
      readonly hashes: Uint8Array;
      /** 32 bytes per piece, the root of its part of the tree; empty if the set-up has no trees. */
      readonly roots: Uint8Array;
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'looked';
      readonly seen: readonly SeenRange[];
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'taken';
      /** Right pieces, each with the files that it came from. */
      readonly found: readonly { readonly piece: PieceIndex; readonly paths: readonly string[] }[];
      readonly missed: readonly PieceIndex[];
      /** As above. */
      readonly isSplit: boolean;
      readonly withheld: readonly WithheldPiece[];
      readonly edges: readonly EdgeHash[];
      readonly writeBytes: number;
      /** Only of our own files: a source that cannot be read has nothing for us. */
      readonly fault: DiskFault | null;
    }
  | {
      readonly type: 'source-digested';
      readonly chunks: readonly KnownChunk[];
      /** Of all stretches, read or not. */
      readonly bytes: number;
      readonly fault: null;
    }
  /** For each of the torrents that were to be forgotten: the fault of a file that could not be written, told when it was closed. */
  | { readonly type: 'forgotten'; readonly faults: readonly (DiskFault | null)[]; readonly fault: null }
  /** The result of a command that is no task. */
  | { readonly type: 'done'; readonly fault: null };
