/**
 * Keeps the journal true while a download runs. The order is everything: first the data of a piece is flushed to the
 * disk, then the piece is claimed.
 */
import { open } from 'node:fs/promises';
import { diskPath } from '../shared/byte-name.ts';
import type { PieceIndex } from '../shared/indices.ts';
import { JOURNAL_INTERVAL_MS } from '../shared/limits.ts';
import { type FileStamp, removeJournal, stampOf, writeJournal } from './journal.ts';
import type { StoragePlan } from './storage.ts';
import type { Metainfo } from './torrent/metainfo.ts';

export class JournalKeeper {
  readonly #plan: StoragePlan;
  readonly #metainfo: Metainfo;
  readonly #verified: Uint8Array;
  readonly #stamps: (FileStamp | null)[];
  /** Files with pieces that are verified and not yet flushed. */
  readonly #touched = new Set<number>();
  readonly #onTrouble: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  /** `onTrouble` hears that a journal could not be written: the download goes on, a restart will check more. */
  constructor(plan: StoragePlan, metainfo: Metainfo, onTrouble: (error: unknown) => void) {
    this.#plan = plan;
    this.#metainfo = metainfo;
    this.#verified = new Uint8Array(Math.ceil(metainfo.geometry.pieceCount / 8));
    this.#stamps = plan.files.map(() => null);
    this.#onTrouble = onTrouble;
  }

  /** The piece is verified and written. */
  note(piece: PieceIndex): void {
    if (this.#plan.files.length === 0) return;
    const at = piece >>> 3;
    this.#verified[at] = (this.#verified[at] ?? 0) | (0x80 >>> (piece & 7));
    for (const file of this.#filesOf(piece)) this.#touched.add(file);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, JOURNAL_INTERVAL_MS);
  }

  /** Flushes what is verified by now and claims it. One at a time; never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write()).catch((error: unknown) => this.#onTrouble(error));
    return this.#writing;
  }

  /** The download is complete: there is nothing to resume. */
  async finish(): Promise<void> {
    if (this.#plan.files.length === 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#writing;
    await removeJournal(this.#plan).catch((error: unknown) => this.#onTrouble(error));
  }

  async #write(): Promise<void> {
    if (this.#touched.size === 0) return;
    const verified = Uint8Array.from(this.#verified);
    const files = [...this.#touched];
    this.#touched.clear();
    for (const index of files) {
      const file = this.#plan.files[index];
      if (file === undefined) continue;
      const handle = await open(diskPath(file.path), 'r+');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
      this.#stamps[index] = stampOf(file.path);
    }
    await writeJournal(this.#plan, this.#metainfo, { verified, stamps: this.#stamps });
  }

  *#filesOf(piece: PieceIndex): Iterable<number> {
    const { pieceLength } = this.#metainfo.geometry;
    const start = piece * pieceLength;
    for (let i = fileAt(this.#plan, start); i < this.#plan.files.length; i++) {
      const file = this.#plan.files[i];
      if (file === undefined || file.offset >= start + pieceLength) return;
      if (file.length > 0 && file.offset + file.length > start) yield i;
    }
  }
}

/** The last file that begins at or before `offset`: where a walk over the files of a piece starts. */
function fileAt(plan: StoragePlan, offset: number): number {
  let low = 0;
  let high = plan.files.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((plan.files[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  // Files of length zero share an offset; the walk must begin at the first that may hold it.
  while (low > 0 && (plan.files[low]?.offset ?? 0) >= offset) low -= 1;
  return low;
}
