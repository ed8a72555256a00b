/** The missing files of a download that are made as clones of other files, and which of their pieces are right. */
import { type Geometry, piecesOf } from '../../../shared/geometry.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import { STANDING, type Standings } from '../../../shared/standing.ts';
import type { StoredTorrent } from '../../pools/stored-torrent.ts';
import type { EdgePieces } from '../edge-pieces.ts';
import type { FileDecision } from '../file-decision.ts';
import type { OutputPlace } from '../output-place.ts';
import { FileCloner } from './file-cloner.ts';
import type { Reuse } from './reuse.ts';
import type { SourceFile } from './source-walk.ts';

export class ClonedFiles {
  readonly #place: OutputPlace;
  readonly #geometry: Geometry;
  readonly #edges: EdgePieces;
  readonly #cloner: FileCloner;
  /** By file of the plan. */
  readonly #sources = new Map<number, SourceFile>();

  constructor(place: OutputPlace, geometry: Geometry, edges: EdgePieces, standings: Standings) {
    this.#place = place;
    this.#geometry = geometry;
    this.#edges = edges;
    this.#cloner = new FileCloner(place, standings);
  }

  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** Clones what can be cloned of the files that are to be made. */
  async make(decisions: readonly FileDecision[], reuse: Reuse, isCancelled: () => boolean): Promise<void> {
    for (const [file, { action }] of decisions.entries()) {
      if (isCancelled()) return;
      const source = action === 'make' ? reuse.twinOf(file) : null;
      if (source !== null && (await this.#cloner.clone(file, source))) this.#sources.set(file, source);
    }
  }

  /** What is left to do for each file. */
  decided(decisions: readonly FileDecision[]): FileDecision[] {
    return decisions.map((decision, file) =>
      this.#sources.has(file) ? { action: 'none', standing: STANDING.ours, needsBytes: false } : decision,
    );
  }

  /** Hashes the clones in their place, and returns the good pieces. Rejects as a check of the disk does. */
  async check(
    stored: StoredTorrent,
    reuse: Reuse,
    isMissing: (piece: PieceIndex) => boolean,
    onChecked: (pieces: number, total: number) => void,
  ): Promise<PieceIndex[]> {
    const g = this.#geometry;
    const good = new Set<PieceIndex>();
    const unknown = new Set<PieceIndex>();
    for (const file of this.#sources.keys()) {
      const { first, end } = piecesOf(g, this.#place.plan.files[file] ?? { offset: 0, length: 0 });
      for (let piece = first; piece < end; piece++) if (isMissing(piece)) unknown.add(piece);
    }
    const pieces = [...unknown].sort((one, other) => one - other);
    await this.#edges.check(stored, pieces, (part, done) => {
      for (const piece of part.good) good.add(piece);
      onChecked(done, pieces.length);
    });
    for (const [file, source] of this.#sources) reuse.cloned(file, source, (piece) => good.has(piece));
    return [...good];
  }
}
