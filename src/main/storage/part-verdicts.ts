/**
 * Judges the part that each file has of a piece: good, bad, missing, or uncertain. A piece with a wrong hash says only that one of its
 * bytes is wrong. So what is known of its parts decides: the bytes there, their own hashes, the journal, and the other files. Pure.
 */
import type { Geometry } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { filesOfPiece } from './storage-plan.ts';

export type PartVerdict = 'good' | 'bad' | 'missing' | 'uncertain';

/** `absent`: the file is not there, or ends before. `right`, `wrong`: its own hash says so. `other`: bytes of which nothing is known. */
export type PartState = 'absent' | 'blank' | 'right' | 'wrong' | 'other' | 'unreadable';

export interface PartFacts {
  /** All files of the torrent, in the order of their bytes. */
  readonly files: readonly StoredFile[];
  readonly geometry: Geometry;
  /** 1 for each piece with the right hash. */
  readonly good: Uint8Array;
  /** Of a piece that is not good. */
  stateOf(file: number, piece: PieceIndex): PartState;
  /** Whether the journal of an unfinished download says that the part is on disk; null if it does not know the file. */
  isClaimed(file: number, piece: PieceIndex): boolean | null;
}

export class PartVerdicts {
  readonly #facts: PartFacts;
  /** Files without a piece that has anything but zeros, as far as they were looked at. */
  readonly #blank = new Set<number>();

  /** `looked`: the pieces that were checked. */
  constructor(facts: PartFacts, looked: Iterable<PieceIndex>) {
    this.#facts = facts;
    const filled = new Set<number>();
    for (const piece of looked)
      for (const file of this.#filesOf(piece)) {
        const isBlank = facts.good[piece] !== 1 && isEmpty(facts.stateOf(file, piece));
        (isBlank ? this.#blank : filled).add(file);
      }
    for (const file of filled) this.#blank.delete(file);
  }

  of(file: number, piece: PieceIndex): PartVerdict {
    const { good, stateOf } = this.#facts;
    if (good[piece] === 1) return 'good';
    const state = stateOf(file, piece);
    if (state === 'right') return 'good';
    if (state === 'unreadable') return 'bad';
    if (!this.#isThere(file, piece)) return 'missing';
    if (state === 'wrong') return 'bad';
    const others = this.#filesOf(piece).filter((other) => other !== file);
    return others.every((other) => this.#isThere(other, piece)) ? 'bad' : 'uncertain';
  }

  /** It holds bytes of several files. */
  isShared(piece: PieceIndex): boolean {
    return this.#filesOf(piece).length > 1;
  }

  /** The part was fetched, right or wrong. */
  #isThere(file: number, piece: PieceIndex): boolean {
    const { stateOf, isClaimed } = this.#facts;
    const state = stateOf(file, piece);
    if (state === 'right') return true;
    if (state === 'absent' || state === 'unreadable') return false;
    const claimed = isClaimed(file, piece);
    if (claimed !== null) return claimed;
    if (state !== 'blank') return true;
    // Files may end with zeros. Where other bytes of the piece are there, the zeros are of the torrent, if the file has anything at all.
    const isPieceEmpty = this.#filesOf(piece).every((other) => isEmpty(stateOf(other, piece)));
    return !isPieceEmpty && !this.#blank.has(file);
  }

  #filesOf(piece: PieceIndex): number[] {
    return [...filesOfPiece(this.#facts, this.#facts.geometry, piece)];
  }
}

function isEmpty(state: PartState): boolean {
  return state === 'absent' || state === 'blank';
}
