/**
 * Which files are tried in the place of each file of the torrent: a few of its pieces are hashed in each candidate, and a file of
 * the same size with none of them right is another file.
 */
import { lengthOfPiece, piecesOf } from '../../../shared/geometry.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import { CHECK_TASK_BYTES, MAX_REUSE_SAMPLES } from '../../../shared/limits.ts';
import type { SoughtPiece, StorageTask } from '../../../shared/storage-messages.ts';
import { type Candidate, Candidates } from './candidates.ts';
import { type Layout, partInside } from './piece-ways.ts';
import type { SourceFile } from './source-walk.ts';

interface Sampled {
  readonly candidates: readonly Candidate[];
  readonly samples: readonly PieceIndex[];
  /** It has more pieces than samples. */
  readonly isLarge: boolean;
}

export class SampledSources {
  readonly #layout: Layout;
  readonly #files = new Map<number, Sampled>();
  /** Right pieces by path. */
  readonly #hits = new Map<string, number>();
  readonly #hit = new Set<string>();

  /** `isMissing`: a piece that is wanted and not there. `isZeroPiece`: it has only zeros, and proves nothing. */
  constructor(
    layout: Layout,
    sources: readonly SourceFile[],
    isMissing: (piece: PieceIndex) => boolean,
    isZeroPiece: (piece: PieceIndex) => boolean,
  ) {
    this.#layout = layout;
    const candidates = new Candidates(sources);
    for (const [file, one] of layout.files.entries()) {
      if (one.padding || one.length === 0) continue;
      const found = candidates.of(one);
      if (found.length === 0) continue;
      const samples = this.#samplesOf(file, (piece) => isMissing(piece) && !isZeroPiece(piece));
      const { first, end } = piecesOf(layout.geometry, one);
      const isLarge = end - first > MAX_REUSE_SAMPLES;
      // Without a sample, the size alone says nothing of a file that has pieces of its own.
      const canTell = samples.length > 0 || end - first <= 2;
      const kept = found.filter(({ sameElements }) => canTell || sameElements > 0);
      this.#files.set(file, { candidates: kept, samples, isLarge });
    }
  }

  /** Reads the samples and keeps none. */
  *tasks(): Generator<StorageTask, void> {
    const { geometry: g } = this.#layout;
    let pieces: SoughtPiece[] = [];
    let bytes = 0;
    for (const [file, { candidates, samples }] of this.#files)
      for (const { source } of candidates)
        for (const piece of samples) {
          const { path, size } = source;
          const part = partInside(this.#layout, piece);
          if (part?.file !== file || part.at + part.length > size) continue;
          pieces.push({ piece, ways: [[{ from: part.from, length: part.length, at: part.at, path }]] });
          bytes += lengthOfPiece(g, piece);
          if (bytes < CHECK_TASK_BYTES) continue;
          yield { type: 'take', pieces, keep: false };
          pieces = [];
          bytes = 0;
        }
    if (pieces.length > 0) yield { type: 'take', pieces, keep: false };
  }

  /** What all samples have, at most. */
  get sampleBytes(): number {
    const { pieceLength } = this.#layout.geometry;
    let count = 0;
    for (const { candidates, samples } of this.#files.values()) count += candidates.length * samples.length;
    return count * pieceLength;
  }

  /** This piece was right there. */
  hit(piece: PieceIndex, path: string): void {
    this.#hit.add(path);
    const file = partInside(this.#layout, piece)?.file;
    if (file !== undefined) this.#hits.set(keyOf(file, path), this.#hitsOf(file, path) + 1);
  }

  /** Some piece was right there. */
  isHit(path: string): boolean {
    return this.#hit.has(path);
  }

  /** Right pieces of this file of the torrent alone: equal sizes are no proof that it is the same one. */
  #hitsOf(file: number, path: string): number {
    return this.#hits.get(keyOf(file, path)) ?? 0;
  }

  /** The files of the torrent for which something is tried. */
  get files(): Iterable<number> {
    return this.#files.keys();
  }

  /** In the place of this file of the torrent: the one with most right pieces first. */
  of(file: number): SourceFile[] {
    const { candidates, samples, isLarge } = this.#files.get(file) ?? NOTHING;
    const hitsOf = ({ path }: SourceFile): number => this.#hitsOf(file, path);
    return candidates
      .filter(({ source, sameElements }) => {
        if (samples.length === 0 || hitsOf(source) > 0) return true;
        // All of its pieces were hashed, but for those that it shares with other files.
        return !isLarge && sameElements > 0;
      })
      .map(({ source }) => source)
      .sort((one, other) => hitsOf(other) - hitsOf(one));
  }

  /** The best file of just this size that has a right piece; null if there is none. */
  twinOf(file: number): SourceFile | null {
    const { length } = this.#layout.files[file] ?? { length: 0 };
    const isSampled = (this.#files.get(file)?.samples.length ?? 0) > 0;
    return (
      (isSampled
        ? this.of(file).find(({ path, size }) => size === length && this.#hitsOf(file, path) > 0)
        : null) ?? null
    );
  }

  /** Pieces with no byte of another file, spread over the file. */
  #samplesOf(file: number, isUseful: (piece: PieceIndex) => boolean): PieceIndex[] {
    const { geometry: g, files } = this.#layout;
    const { first, end } = piecesOf(g, files[file] ?? { offset: 0, length: 0 });
    const count = Math.min(MAX_REUSE_SAMPLES, end - first);
    const samples: PieceIndex[] = [];
    for (let i = 0; i < count; i++) {
      const from = first + Math.floor((i * (end - first)) / count);
      const to = first + Math.floor(((i + 1) * (end - first)) / count);
      for (let at = from; at < to; at++) {
        const piece = at as PieceIndex;
        if (!isUseful(piece) || partInside(this.#layout, piece)?.file !== file) continue;
        samples.push(piece);
        break;
      }
    }
    return samples;
  }
}

function keyOf(file: number, path: string): string {
  return `${file} ${path}`;
}

const NOTHING: Sampled = { candidates: [], samples: [], isLarge: false };
