/** What each piece must hash to, in shared memory: by SHA-1 (BEP 3), by a hash tree (BEP 52), or by both in a hybrid. */
import { TREE_HASH_BYTES } from './merkle.ts';

/** Bytes of SHA-1. */
export const PIECE_HASH_BYTES = 20;

export interface PieceHashes {
  /** 20 bytes per piece; null in a torrent of version 2 alone. */
  readonly sha1: SharedArrayBuffer | null;
  /** Null in a torrent of version 1. */
  readonly trees: PieceTrees | null;
}

/** False while a table of hashes that are learned has zeros for the piece. */
export function isHashKnown(sha1: Uint8Array, piece: number): boolean {
  const end = (piece + 1) * PIECE_HASH_BYTES;
  for (let at = piece * PIECE_HASH_BYTES; at < end; at++) if (sha1[at] !== 0) return true;
  return false;
}

/** The part of its file's tree that each piece has. */
export interface PieceTrees {
  /** 32 bytes per piece; zeros while the hash is not known, because no peer has sent that layer yet. */
  readonly roots: Uint8Array;
  /** Bytes of the file in each piece: without the padding of a hybrid. */
  readonly lengths: Uint32Array;
  /** Leaves below each root: as many as a full piece has, or fewer in a file of one piece. */
  readonly widths: Uint32Array;
}

export function allocateTrees(pieceCount: number): PieceTrees {
  return {
    roots: new Uint8Array(new SharedArrayBuffer(pieceCount * TREE_HASH_BYTES)),
    lengths: new Uint32Array(new SharedArrayBuffer(pieceCount * 4)),
    widths: new Uint32Array(new SharedArrayBuffer(pieceCount * 4)),
  };
}

/** The root of a piece, or null if it is not known. */
export function rootOfPiece({ roots }: PieceTrees, piece: number): Uint8Array | null {
  const root = roots.subarray(piece * TREE_HASH_BYTES, (piece + 1) * TREE_HASH_BYTES);
  return root.every((byte) => byte === 0) ? null : root;
}
