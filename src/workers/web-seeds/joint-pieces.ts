/**
 * Pieces that no web seed can give whole, because each lacks one of their files, but that several can give together, each the
 * bytes of the files it has.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_BAD_PIECES_OF_FILE } from '../../shared/limits.ts';
import type { WebSeed } from './web-seed.ts';

export class JointPieces {
  readonly #seeds: readonly WebSeed[];
  /** How often each was fetched: where it fails its hash, it is not always known which of the web seeds was wrong. */
  readonly #tries = new Map<PieceIndex, number>();

  constructor(seeds: readonly WebSeed[]) {
    this.#seeds = seeds;
  }

  /** The piece is to be had from several web seeds, and not from one. */
  isJoint(piece: PieceIndex): boolean {
    const [first] = this.#seeds;
    if (first === undefined || this.#seeds.length < 2) return false;
    if ((this.#tries.get(piece) ?? 0) >= MAX_BAD_PIECES_OF_FILE) return false;
    if (this.#seeds.some(({ files }) => files.canGive(piece) || files.isBad(piece))) return false;
    return first.files.filesOf(piece).every((file) => this.#seeds.some(({ files }) => files.has(file)));
  }

  /** It was fetched, and goes to the hashers. */
  fetched(piece: PieceIndex): void {
    this.#tries.set(piece, (this.#tries.get(piece) ?? 0) + 1);
  }
}
