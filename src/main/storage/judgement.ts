/**
 * Decides whether an existing file at the path of a torrent's file is ours. A pure decision over plain data: how the file looks,
 * what a journal says about it, and which pieces are good. Nothing on disk is changed before it.
 */
import { endOfPiece, type Geometry, lengthOfPiece, offsetOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MIN_SHARED_EVIDENCE_BYTES } from '../../shared/limits.ts';
import type { FileRange } from '../../shared/storage-messages.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { StoragePlan } from './storage-plan.ts';

/** What is at the path of a file of the plan. */
export type Found =
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'file';
      readonly size: number;
      readonly names: number;
      /** It is the same file as another one of the plan: writing to one would damage the other. */
      readonly isTwin: boolean;
    }
  /** A folder, a link, a device; or something in the place of one of its folders. */
  | { readonly kind: 'obstacle'; readonly path: string; readonly what: string };

export type Verdict =
  /** Nothing is there: it is created. */
  | { readonly kind: 'absent' }
  /** Empty, or only zeros: it is used. */
  | { readonly kind: 'blank' }
  /** It belongs to the torrent; `complete` if nothing is missing. */
  | { readonly kind: 'ours'; readonly complete: boolean }
  /** It has only shared pieces: kept unchanged until they are complete. */
  | { readonly kind: 'guarded' }
  /** Not ours. `isFile`: --overwrite would replace it. */
  | { readonly kind: 'refused'; readonly why: string; readonly isFile: boolean };

export interface Facts {
  readonly plan: StoragePlan;
  readonly metainfo: Metainfo;
  readonly found: readonly Found[];
  /** 1 for each piece whose bytes on the disk are right. */
  readonly good: Uint8Array;
  /** True if a journal says that this very file belongs to this download. */
  isClaimed(file: number): boolean;
  /** True if the piece has only zeros: it does not prove that a file is ours. */
  isZeroPiece(piece: PieceIndex): boolean;
}

export class Judgement {
  readonly #facts: Facts;
  /** Bytes of padding (BEP 47) by piece: a piece of one file and padding belongs to that file alone. */
  readonly #padding = new Map<number, number>();

  constructor(facts: Facts) {
    this.#facts = facts;
    const { geometry: g } = facts.metainfo;
    for (const pad of facts.plan.padding) {
      const { first, end } = piecesOf(g, pad);
      for (let piece = first; piece < end; piece++)
        this.#padding.set(piece, (this.#padding.get(piece) ?? 0) + overlap(pad, piece, g));
    }
  }

  /** The part that must be only zeros for the file to be used: its bytes without good pieces. */
  doubts(): FileRange[] {
    return this.#facts.plan.files.flatMap((_, file) => {
      const found = this.#facts.found[file];
      if (found?.kind !== 'file' || found.size === 0 || this.#isLonger(file)) return [];
      return this.#isOurs(file) ? [] : [this.#unproven(file, found.size)];
    });
  }

  /** One verdict per file of the plan. `blank`: the files whose doubtful part has only zeros. */
  verdicts(blank: ReadonlySet<number>): Verdict[] {
    return this.#facts.plan.files.map((_, file) => this.#verdict(file, blank.has(file)));
  }

  /** One of its own pieces is missing; a shared one does not count, because another file may need its bytes. */
  needsBytes(file: number): boolean {
    const { first, end } = piecesOf(this.#g, this.#facts.plan.files[file] ?? { offset: 0, length: 0 });
    for (let piece = first; piece < end; piece++)
      if (this.#facts.good[piece] !== 1 && this.#liesInside(piece, file)) return true;
    return false;
  }

  #verdict(file: number, isBlank: boolean): Verdict {
    const found = this.#facts.found[file] ?? { kind: 'nothing' };
    const length = this.#facts.plan.files[file]?.length ?? 0;
    if (found.kind === 'nothing') return { kind: 'absent' };
    if (found.kind === 'obstacle') return { kind: 'refused', why: found.what, isFile: false };
    if (this.#isLonger(file)) {
      const why = `it has ${found.size} bytes, and the torrent's file has ${length}`;
      return { kind: 'refused', why, isFile: true };
    }
    if (length === 0) return { kind: 'ours', complete: true };
    const isComplete = this.#isComplete(file);
    if (found.isTwin && !isComplete) {
      const why = 'it is the same file as another one of the torrent (a hard link)';
      return { kind: 'refused', why, isFile: true };
    }
    if (found.size > 0 && this.#isOurs(file)) return { kind: 'ours', complete: isComplete };
    if (found.size === 0 || isBlank) {
      // Bytes written here would also appear under the other name.
      if (found.names === 1 || this.#facts.isClaimed(file)) return { kind: 'blank' };
      return { kind: 'refused', why: 'it also has another name (a hard link)', isFile: true };
    }
    if (found.size === length && !this.#hasPieceOfItsOwn(file)) return { kind: 'guarded' };
    return { kind: 'refused', why: 'its content differs from the torrent', isFile: true };
  }

  #isLonger(file: number): boolean {
    const found = this.#facts.found[file];
    return found?.kind === 'file' && found.size > (this.#facts.plan.files[file]?.length ?? 0);
  }

  /**
   * A journal or a piece proves it. A few bytes of a piece that it shares with other files prove nothing, because many files
   * begin alike.
   */
  #isOurs(file: number): boolean {
    const { plan, metainfo, good, isClaimed, isZeroPiece } = this.#facts;
    if (isClaimed(file) || this.#isComplete(file)) return true;
    const { geometry: g } = metainfo;
    const stored = plan.files[file] ?? { offset: 0, length: 0 };
    const { first, end } = piecesOf(g, stored);
    for (let piece = first; piece < end; piece++) {
      if (good[piece] !== 1 || isZeroPiece(piece)) continue;
      if (this.#liesInside(piece, file)) return true;
      if (overlap(stored, piece, g) >= MIN_SHARED_EVIDENCE_BYTES) return true;
    }
    return false;
  }

  #isComplete(file: number): boolean {
    const { first, end } = piecesOf(this.#g, this.#facts.plan.files[file] ?? { offset: 0, length: 0 });
    for (let piece = first; piece < end; piece++) if (this.#facts.good[piece] !== 1) return false;
    return end > first;
  }

  #hasPieceOfItsOwn(file: number): boolean {
    const { first, end } = piecesOf(this.#g, this.#facts.plan.files[file] ?? { offset: 0, length: 0 });
    // The pieces between the first and the last one are inside the file anyway.
    return (
      end - first > 2 || this.#liesInside(first, file) || this.#liesInside((end - 1) as PieceIndex, file)
    );
  }

  #liesInside(piece: PieceIndex, file: number): boolean {
    const stored = this.#facts.plan.files[file] ?? { offset: 0, length: 0 };
    const bytes = overlap(stored, piece, this.#g) + (this.#padding.get(piece) ?? 0);
    return bytes === lengthOfPiece(this.#g, piece);
  }

  /** The file without its good pieces at both ends. */
  #unproven(file: number, size: number): FileRange {
    const { good, plan } = this.#facts;
    const stored = plan.files[file] ?? { offset: 0, length: 0 };
    let { first, end } = piecesOf(this.#g, stored);
    while (first < end && good[first] === 1) first = (first + 1) as PieceIndex;
    while (end > first && good[end - 1] === 1) end = (end - 1) as PieceIndex;
    return {
      file,
      from: Math.max(0, offsetOfPiece(this.#g, first) - stored.offset),
      to: Math.min(size, offsetOfPiece(this.#g, end) - stored.offset),
    };
  }

  get #g() {
    return this.#facts.metainfo.geometry;
  }
}

function overlap(
  { offset, length }: { readonly offset: number; readonly length: number },
  piece: PieceIndex,
  g: Geometry,
): number {
  const start = offsetOfPiece(g, piece);
  return Math.max(0, Math.min(offset + length, endOfPiece(g, piece)) - Math.max(offset, start));
}
