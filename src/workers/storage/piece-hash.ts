/** The hashes of a piece on disk. The piece is read in parts, because it may be larger than the memory for a check. */
import { type Geometry, lengthOfPiece, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { PieceHashes } from '../../shared/piece-hashes.ts';
import type { FileSpans } from './file-spans.ts';
import { type PieceDigest, PieceHasher } from './piece-hasher.ts';

export class PieceHash {
  readonly #spans: FileSpans;
  readonly #geometry: Geometry;
  readonly #hasher: PieceHasher;
  readonly #buffer: Buffer;

  /** `buffer`: the memory to read into, of whole blocks. Others may use it between two pieces. */
  constructor(spans: FileSpans, geometry: Geometry, hashes: PieceHashes, buffer: Buffer) {
    this.#spans = spans;
    this.#geometry = geometry;
    this.#hasher = new PieceHasher(hashes);
    this.#buffer = buffer;
  }

  /** Null if a part of the piece is not there. Throws DiskError. */
  of(piece: PieceIndex): PieceDigest | null {
    const length = lengthOfPiece(this.#geometry, piece);
    const start = offsetOfPiece(this.#geometry, piece);
    this.#hasher.begin(piece);
    for (let done = 0; done < length; done += this.#buffer.length) {
      const part = this.#buffer.subarray(0, Math.min(this.#buffer.length, length - done));
      if (!this.#spans.read(start + done, part)) return null;
      this.#hasher.add(part);
    }
    return this.#hasher.end();
  }
}
