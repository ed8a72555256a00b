/**
 * The pieces at the edges of a selection: parts of them belong to files that do not exist. Their parts in the selected files are checked
 * one by one, by the hashes that an earlier run kept of them.
 */
import { endOfPiece, type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { LookedRange, SeenRange } from '../../shared/storage-messages.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { EdgeRecord } from './edge-record.ts';
import { keptPieces } from './kept-pieces.ts';
import { type CheckedPart, checkOnDisk } from './piece-check.ts';
import { filesOfPiece, type StoragePlan } from './storage-plan.ts';

export class EdgePieces {
  readonly #metainfo: Metainfo;
  readonly #plan: StoragePlan;
  readonly #record: Pick<EdgeRecord, 'digestOf'>;
  /** Null if all pieces are in the files of the plan. */
  readonly #kept: Uint8Array | null;

  constructor(metainfo: Metainfo, plan: StoragePlan, record: Pick<EdgeRecord, 'digestOf'>) {
    this.#metainfo = metainfo;
    this.#plan = plan;
    this.#record = record;
    this.#kept = keptPieces(plan, metainfo.geometry);
  }

  /** As `checkOnDisk`. A piece at an edge is good if its part in each file of the plan is, and missing otherwise. */
  async check(
    stored: StoredTorrent,
    pieces: readonly PieceIndex[],
    onPart: (part: CheckedPart, done: number) => void,
  ): Promise<void> {
    const whole = pieces.filter((piece) => this.#kept?.[piece] !== 0);
    await checkOnDisk(stored, this.#metainfo, whole, onPart);
    if (whole.length === pieces.length) return;
    const edges = pieces.filter((piece) => this.#kept?.[piece] === 0);
    const parts = new Map(edges.map((piece) => [piece, this.#partsOf(piece)]));
    const known = [...parts.values()].filter((some) => some.every(({ digest }) => digest !== null)).flat();
    const right = new Set((await stored.look(known)).filter(({ state }) => state === 'right').map(placeOf));
    const isGood = (piece: PieceIndex): boolean =>
      (parts.get(piece) ?? []).every((part) => right.has(placeOf(part)));
    onPart(
      { good: edges.filter(isGood), bad: [], missing: edges.filter((one) => !isGood(one)) },
      pieces.length,
    );
  }

  #partsOf(piece: PieceIndex): LookedRange[] {
    const g = this.#metainfo.geometry;
    return [...filesOfPiece(this.#plan, g, piece)].map((file) =>
      partIn(this.#plan, file, piece, g, this.#record),
    );
  }
}

/** The part of a piece in a file of the plan, and what it should hold if that is known. */
export function partIn(
  { files }: Pick<StoragePlan, 'files'>,
  file: number,
  piece: PieceIndex,
  g: Geometry,
  record: Pick<EdgeRecord, 'digestOf'>,
): LookedRange {
  const { offset, length } = files[file] ?? { offset: 0, length: 0 };
  const from = Math.max(offset, offsetOfPiece(g, piece));
  const to = Math.min(offset + length, endOfPiece(g, piece));
  return { file, from: from - offset, to: to - offset, digest: record.digestOf(from, to - from) };
}

/** By which a range is found again. */
export function placeOf({ file, from }: Pick<SeenRange, 'file' | 'from'>): string {
  return `${file} ${from}`;
}
