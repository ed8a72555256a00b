/** Hashes a piece that comes in parts, in the ways that its torrent needs: SHA-1, the root of its hash tree (BEP 52), or both. */
import { createHash, type Hash } from 'node:crypto';
import type { PieceIndex } from '../../shared/indices.ts';
import { leavesOf, rootOver } from '../../shared/merkle.ts';
import type { PieceHashes } from '../../shared/piece-hashes.ts';

export interface PieceDigest {
  readonly sha1: Buffer | null;
  readonly root: Buffer | null;
}

export class PieceHasher {
  readonly #hashes: PieceHashes;
  #piece = 0 as PieceIndex;
  #sha1: Hash | null = null;
  #leaves: Buffer[] = [];
  /** Bytes of the file that are still to come: padding is in no tree. */
  #left = 0;

  constructor(hashes: PieceHashes) {
    this.#hashes = hashes;
  }

  begin(piece: PieceIndex): void {
    const { sha1, trees } = this.#hashes;
    this.#piece = piece;
    this.#sha1 = sha1 === null ? null : createHash('sha1');
    this.#leaves = [];
    this.#left = trees?.lengths[piece] ?? 0;
  }

  /** The next bytes. All parts but the last have whole blocks. */
  add(part: Uint8Array): void {
    this.#sha1?.update(part);
    if (this.#left === 0) return;
    const data = part.subarray(0, this.#left);
    this.#leaves.push(leavesOf(data));
    this.#left -= data.length;
  }

  end(): PieceDigest {
    const { trees } = this.#hashes;
    const width = trees?.widths[this.#piece] ?? 1;
    const root = trees === null ? null : rootOver(Buffer.concat(this.#leaves), 0, width);
    return { sha1: this.#sha1?.digest() ?? null, root };
  }
}
