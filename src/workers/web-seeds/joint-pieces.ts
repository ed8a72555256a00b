/**
 * Pieces that no web seed has completely, because each lacks one of their files. Several can send them together: each sends the
 * bytes of its files.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_BAD_PIECES_OF_FILE } from '../../shared/limits.ts';
import type { WebSeed } from './web-seed.ts';

export class JointPieces {
  readonly #seeds: readonly WebSeed[];
  /** How often each was fetched. If it fails its hash check, we do not always know which web seed sent bad data. */
  readonly #tries = new Map<PieceIndex, number>();

  constructor(seeds: readonly WebSeed[]) {
    this.#seeds = seeds;
  }

  /** True if several web seeds have the piece together, and no single one has all of it. */
  isJoint(piece: PieceIndex): boolean {
    const [first] = this.#seeds;
    if (first === undefined || this.#seeds.length < 2) return false;
    if ((this.#tries.get(piece) ?? 0) >= MAX_BAD_PIECES_OF_FILE) return false;
    if (this.#seeds.some(({ files }) => files.canGive(piece) || files.isBad(piece))) return false;
    return first.files.filesOf(piece).every((file) => this.#seeds.some(({ files }) => files.has(file)));
  }

  /** The piece was fetched and goes to the storage threads. */
  fetched(piece: PieceIndex): void {
    this.#tries.set(piece, (this.#tries.get(piece) ?? 0) + 1);
  }
}
