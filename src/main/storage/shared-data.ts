/** Data that is given to peers where it is: which pieces of it are right, by the record of an earlier run or by their hashes. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { diskPath } from '../../shared/byte-name.ts';
import { dataOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import type { FileLook } from '../../shared/stored-files.ts';
import { Failure } from '../failure.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import { hashesOf, type Metainfo } from '../torrent/metainfo.ts';
import { type FileStamp, stampOf } from './journal.ts';
import { layersFromData } from './layers-from-data.ts';
import { nearbyFiles } from './nearby-files.ts';
import { checkOnDisk } from './piece-check.ts';
import { isSameStamp, type SeedRecord, type SeedRecords } from './seed-record.ts';
import type { StoragePlan } from './storage-plan.ts';
import { paddingPieces } from './zero-pieces.ts';

export class SharedData {
  readonly #metainfo: Metainfo;
  readonly #plan: StoragePlan;
  readonly #records: SeedRecords;
  readonly #good: Uint8Array;
  #stamps: readonly (FileStamp | null)[] = [];
  #uploadedBefore = 0;
  /** False: which pieces are right is not known of all. */
  #isChecked = false;

  constructor(metainfo: Metainfo, plan: StoragePlan, records: SeedRecords) {
    this.#metainfo = metainfo;
    this.#plan = plan;
    this.#records = records;
    this.#good = new Uint8Array(metainfo.geometry.pieceCount);
  }

  /** Of the pieces that are right. */
  get goodPieces(): number[] {
    return [...this.#good.keys()].filter((piece) => this.#good[piece] === 1);
  }

  /** Bytes of the others. */
  get leftBytes(): number {
    const { geometry } = this.#metainfo;
    let left = 0;
    for (let piece = 0; piece < geometry.pieceCount; piece++)
      if (this.#good[piece] === 0) left += dataOfPiece(geometry, piece as PieceIndex);
    return left;
  }

  /** How each file of the plan looked when it was checked. */
  get looks(): readonly FileLook[] {
    return this.#stamps.map((stamp) => ({ size: stamp?.size ?? -1, modified: stamp?.modified ?? '' }));
  }

  /** Bytes that peers got in earlier runs. */
  get uploadedBefore(): number {
    return this.#uploadedBefore;
  }

  /**
   * Finds out which pieces are right, and keeps that for the next start. `onHashed`: pieces hashed so far, and their total. Rejects
   * with a `disk` failure if no file is there, or none is right.
   */
  async check(
    pool: StoragePool,
    id: TorrentId,
    signal: AbortSignal,
    onHashed: (pieces: number, total: number) => void,
  ): Promise<{ readonly good: number; readonly hashed: number }> {
    const { geometry } = this.#metainfo;
    const { files, padding, folder } = this.#plan;
    this.#stamps = files.map(({ path }) => stampAt(path));
    if (this.#stamps.every((stamp) => stamp === null)) throw this.#nothingThere();
    const record = this.#records.read(this.#metainfo, folder, files.length);
    this.#uploadedBefore = record?.uploaded ?? 0;
    const unknown = this.#unknown(record);
    const readable = files.filter((_, i) => this.#stamps[i] !== null);
    const stored = pool.register(id, {
      arena: null,
      geometry,
      hashes: hashesOf(this.#metainfo),
      files: readable,
      padding,
      followLinks: true,
    });
    const stop = (): void => void stored.close();
    signal.addEventListener('abort', stop);
    let hashed = 0;
    try {
      // Without them peers of version 2 could not be answered, and nothing of it could be proven right.
      const whole = files.filter(({ length }, i) => this.#stamps[i]?.size === length);
      await layersFromData(stored, this.#metainfo, { whole, onHashed: () => {} });
      if (unknown.length > 0) {
        onHashed(0, unknown.length);
        await checkOnDisk(stored, this.#metainfo, unknown, (part, done) => {
          for (const piece of part.good) this.#good[piece] = 1;
          hashed = done;
          onHashed(done, unknown.length);
        });
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await stored.close();
    }
    const isNoneRight = this.goodPieces.length === 0;
    for (const piece of paddingPieces(this.#metainfo)) this.#good[piece] = 1;
    if (!signal.aborted) {
      this.#isChecked = true;
      this.#keep(0);
      if (isNoneRight) throw this.#noneRight();
    }
    return { good: this.goodPieces.length, hashed };
  }

  /** Peers got so many bytes of it in this run. A check that was cut off is not kept: the rest would count as bad. */
  gave(bytes: number): void {
    if (this.#isChecked) this.#keep(bytes);
  }

  /** The pieces that the record does not vouch for. Those that it does are good, or known to be bad. */
  #unknown(record: SeedRecord | null): PieceIndex[] {
    const { geometry } = this.#metainfo;
    const isUnknown = new Uint8Array(geometry.pieceCount);
    for (const [i, file] of this.#plan.files.entries()) {
      if (file.length === 0 || isSameStamp(record?.stamps[i] ?? null, this.#stamps[i] ?? null)) continue;
      const { first, end } = piecesOf(geometry, file);
      isUnknown.fill(1, first, end);
    }
    if (record !== null)
      this.#good.set(record.good.map((good, piece) => (isUnknown[piece] === 1 ? 0 : good)));
    return [...isUnknown.keys()].filter((piece) => isUnknown[piece] === 1) as PieceIndex[];
  }

  #keep(bytes: number): void {
    const uploaded = this.#uploadedBefore + bytes;
    this.#records.write(this.#metainfo, this.#plan.folder, {
      stamps: this.#stamps,
      good: this.#good,
      uploaded,
    });
  }

  #nothingThere(): Failure {
    const hint = nearbyFiles(this.#plan) ?? 'give the folder that contains it with --data';
    return new Failure(
      'disk',
      `${this.#plan.folder}: no file of ${basename(this.#plan.root)} is there; ${hint}`,
    );
  }

  #noneRight(): Failure {
    return new Failure(
      'disk',
      `${this.#plan.root}: none of it is what the torrent says; unchoke verify shows the files, unchoke get fetches the right data`,
    );
  }
}

/** Null if no readable file is there. Links are followed, as `create` does. */
function stampAt(path: string): FileStamp | null {
  try {
    const stats = statSync(diskPath(path), { bigint: true, throwIfNoEntry: false });
    return stats?.isFile() === true ? stampOf(stats) : null;
  } catch {
    return null;
  }
}

/** The torrent was made from the files as they look now: the next check need not hash them. */
export function vouchFor(records: SeedRecords, metainfo: Metainfo, { files, folder }: StoragePlan): void {
  const stamps = files.map(({ path }) => stampAt(path));
  const good = new Uint8Array(metainfo.geometry.pieceCount).fill(1);
  const uploaded = records.read(metainfo, folder, files.length)?.uploaded ?? 0;
  records.write(metainfo, folder, { stamps, good, uploaded });
}
