/** The bytes of a download by where they came from. Padding (BEP 47) counts for nothing. */
import { dataOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { leftBytes } from '../storage/left-bytes.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

/** `found`: at its place when the download began. `reused`: in other files. */
export type PieceOrigin = 'found' | 'reused' | 'downloaded';

export class ByteCounts {
  /** Of all pieces that the wanted files need. */
  readonly wanted: number;
  readonly #metainfo: Metainfo;
  readonly #plan: StoragePlan;
  readonly #pending: () => number;
  readonly #kept: () => number;
  readonly #counts: Record<PieceOrigin, number> = { found: 0, reused: 0, downloaded: 0 };

  /** `pending`: as `pendingBytes`. `kept`: of unfinished pieces, for the next run. */
  constructor(
    metainfo: Metainfo,
    plan: StoragePlan,
    wanted: number,
    { pending, kept }: { readonly pending: () => number; readonly kept: () => number },
  ) {
    this.#pending = pending;
    this.#kept = kept;
    this.#metainfo = metainfo;
    this.#plan = plan;
    this.wanted = wanted;
  }

  /** The piece is verified. */
  add(piece: PieceIndex, origin: PieceOrigin): void {
    this.#counts[origin] += dataOfPiece(this.#metainfo.geometry, piece);
  }

  /** So many bytes of the last pieces were there when the download began: an earlier run received them. */
  foundInPieces(bytes: number): void {
    this.#counts.found += bytes;
    this.#counts.downloaded -= bytes;
  }

  /** Of verified pieces. */
  get verified(): number {
    const { found, reused, downloaded } = this.#counts;
    return found + reused + downloaded;
  }

  /** Received, of pieces that are not verified yet. It falls when a piece is bad. */
  get pending(): number {
    return Math.min(this.#pending(), this.wanted - this.verified);
  }

  /** Good on disk before the download began. */
  get found(): number {
    return this.#counts.found;
  }

  /** Taken from other files (`reuse`). */
  get reused(): number {
    return this.#counts.reused;
  }

  /** Fetched by this run, and verified or kept for the next one, where it counts as found. */
  get downloaded(): number {
    return this.#counts.downloaded + this.#kept();
  }

  /** This run fetched the last of the whole torrent: trackers hear `completed` then, and not where all was there (BEP 3). */
  get isCompleted(): boolean {
    return this.left === 0 && this.downloaded > 0;
  }

  /** As trackers count them. */
  get left(): number {
    return leftBytes(this.#plan, this.#metainfo.geometry.contentLength, this.verified);
  }
}
