/** Whether the bytes of a piece are what the torrent says. */
import { hash } from 'node:crypto';
import type { PieceIndex } from '../../shared/indices.ts';
import { leavesOf, rootOver } from '../../shared/merkle.ts';
import { PIECE_HASH_BYTES, type PieceHashes, rootOfPiece } from '../../shared/piece-hashes.ts';
import type { PieceDigest } from './piece-hasher.ts';

/** `split`: right for one half of a hybrid and wrong for the other (BEP 52): no bytes can be right for both. */
export type PieceVerdict = 'good' | 'bad' | 'split';

export class PieceProof {
  readonly #hashes: PieceHashes;
  readonly #sha1: Uint8Array | null;

  constructor(hashes: PieceHashes) {
    this.#hashes = hashes;
    this.#sha1 = hashes.sha1 === null ? null : new Uint8Array(hashes.sha1);
  }

  /** Of a whole piece in its slot. */
  verdict(piece: PieceIndex, bytes: Uint8Array): PieceVerdict {
    const { trees } = this.#hashes;
    // Padding is zeros (BEP 47). What a peer sends for it must not make the halves of a hybrid differ.
    if (trees !== null) bytes.subarray(trees.lengths[piece]).fill(0);
    const sha1 = this.#sha1 === null ? null : hash('sha1', bytes, 'buffer');
    if (trees === null || rootOfPiece(trees, piece) === null) return this.judge(piece, { sha1, root: null });
    const data = bytes.subarray(0, trees.lengths[piece]);
    return this.judge(piece, { sha1, root: rootOver(leavesOf(data), 0, trees.widths[piece] ?? 1) });
  }

  /** The hash of a piece that is right by where it comes from; null if the pieces of this torrent have none. */
  made(bytes: Uint8Array): Uint8Array | null {
    return this.#sha1 === null ? null : hash('sha1', bytes, 'buffer');
  }

  /** Hashes of its blocks, to be compared with those of its tree; null if it has no tree, or is its only block. */
  leaves(piece: PieceIndex, bytes: Uint8Array): Uint8Array | null {
    const { trees } = this.#hashes;
    if (trees === null || rootOfPiece(trees, piece) === null || (trees.widths[piece] ?? 1) < 2) return null;
    return leavesOf(bytes.subarray(0, trees.lengths[piece]));
  }

  /** A piece without any known hash is bad: nobody can vouch for it. */
  judge(piece: PieceIndex, { sha1, root }: PieceDigest): PieceVerdict {
    const { trees } = this.#hashes;
    const known = trees === null ? null : rootOfPiece(trees, piece);
    const isRoot = known === null || root === null ? null : root.equals(known);
    const at = piece * PIECE_HASH_BYTES;
    const isHash =
      this.#sha1 === null || sha1 === null ? null : sha1.compare(this.#sha1, at, at + PIECE_HASH_BYTES) === 0;
    if (isRoot !== null && isHash !== null && isRoot !== isHash) return 'split';
    return (isRoot ?? isHash) === true ? 'good' : 'bad';
  }
}
