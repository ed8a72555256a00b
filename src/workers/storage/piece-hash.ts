/** The hash of a piece on disk. The piece is read in parts, because it may be larger than the memory for a check. */
import { createHash } from 'node:crypto';
import { type Geometry, lengthOfPiece, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { FileSpans } from './file-spans.ts';

export class PieceHash {
  readonly #spans: FileSpans;
  readonly #geometry: Geometry;
  readonly #buffer: Buffer;

  /** `buffer`: the memory to read into. Others may use it between two pieces. */
  constructor(spans: FileSpans, geometry: Geometry, buffer: Buffer) {
    this.#spans = spans;
    this.#geometry = geometry;
    this.#buffer = buffer;
  }

  /** Null if a part of the piece is not there. Throws DiskError. */
  of(piece: PieceIndex): Buffer | null {
    const length = lengthOfPiece(this.#geometry, piece);
    const start = offsetOfPiece(this.#geometry, piece);
    const hash = createHash('sha1');
    for (let done = 0; done < length; done += this.#buffer.length) {
      const part = this.#buffer.subarray(0, Math.min(this.#buffer.length, length - done));
      if (!this.#spans.read(start + done, part)) return null;
      hash.update(part);
    }
    return hash.digest();
  }
}
