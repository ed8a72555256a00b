/**
 * Keeps the journal correct while a download runs. The order matters: first the data of a piece is flushed to disk, then the
 * piece is claimed.
 */
import { type BigIntStats, closeSync, constants, fdatasync, fstatSync } from 'node:fs';
import { promisify } from 'node:util';
import { FolderWalk } from '../../shared/folder.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { JOURNAL_INTERVAL_MS } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { type FileStamp, journalName, removeJournal, stampOf, writeJournal } from './journal.ts';
import type { JournalKey } from './journal-key.ts';
import type { OutputPlace } from './output-place.ts';
import { elementsOf, filesOfPiece } from './storage-plan.ts';

const flushed = promisify(fdatasync);

export interface JournalKeeperOptions {
  readonly place: OutputPlace;
  readonly metainfo: Metainfo;
  readonly key: JournalKey | null;
  /** Called if a journal could not be written: the download goes on, and a restart will check more. */
  readonly onTrouble: (message: string) => void;
}

export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  readonly #walk: FolderWalk;
  readonly #verified: Uint8Array;
  readonly #stamps: (FileStamp | null)[];
  /** Files with verified pieces that are not yet flushed. */
  readonly #touched = new Set<number>();
  /** Files that do not belong to the torrent: never ours. */
  readonly #strangers = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** A file that is not a journal is in its place: this is reported once, and then no journal is written. */
  #blocked = false;
  #told = '';
  #full: Failure | null = null;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
    this.#walk = new FolderWalk(options.place.root);
    this.#verified = new Uint8Array(Math.ceil(options.metainfo.geometry.pieceCount / 8));
    this.#stamps = options.place.plan.files.map(() => null);
  }

  /**
   * Records which files are ours before the first byte is written: a run that is killed in its first piece leaves files without a
   * verified piece. `isOurs` by file of the plan; `trusted`: pieces that the last journal claimed; `isAll`: there are no other
   * good pieces. If there are others, they are not flushed. Then the files must not look unchanged to the next run: it would take
   * unclaimed pieces for absent. Rejects with a `disk` failure if the disk is full: then the first piece would not fit either.
   */
  async begin(
    isOurs: (file: number) => boolean,
    trusted: readonly PieceIndex[],
    isAll: boolean,
  ): Promise<void> {
    this.#writing = this.#writing
      .then(async () => {
        for (const piece of trusted) this.#claim(piece);
        for (const file of this.#stamps.keys()) if (isOurs(file)) this.#stamp(file);
        const stamps = isAll
          ? this.#stamps
          : this.#stamps.map((stamp) => stamp && { ...stamp, modified: '' });
        await this.#replace(false, this.#verified, stamps);
      })
      .catch((error: unknown) => this.#trouble(error));
    await this.#writing;
    if (this.#full !== null) throw this.#full;
  }

  /** The piece is verified and written. */
  note(piece: PieceIndex): void {
    const { place, metainfo } = this.#options;
    this.#claim(piece);
    for (const file of filesOfPiece(place.plan, metainfo.geometry, piece)) this.#touched.add(file);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, JOURNAL_INTERVAL_MS);
  }

  /** These files turned out to be foreign. */
  disown(files: readonly number[]): void {
    for (const file of files) {
      this.#strangers.add(file);
      this.#stamps[file] = null;
    }
  }

  /** Flushes everything verified so far and claims it. One call at a time; never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write()).catch((error: unknown) => this.#trouble(error));
    return this.#writing;
  }

  /** The download is complete: there is nothing to resume. */
  async finish(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#writing;
    await removeJournal(this.#place).catch((error: unknown) => this.#trouble(error));
  }

  close(): void {
    this.#walk.close();
  }

  get #place() {
    const { place } = this.#options;
    return { folder: place.root, name: journalName(place.plan) };
  }

  async #write(): Promise<void> {
    if (this.#touched.size === 0 || this.#blocked) return;
    const verified = Uint8Array.from(this.#verified);
    const files = [...this.#touched];
    this.#touched.clear();
    for (const file of files) {
      const descriptor = this.#open(file);
      try {
        await flushed(descriptor);
        this.#stampAs(file, fstatSync(descriptor, { bigint: true }));
      } finally {
        closeSync(descriptor);
      }
    }
    await this.#replace(true, verified);
  }

  async #replace(durable: boolean, verified: Uint8Array, stamps = this.#stamps): Promise<void> {
    const { place, metainfo, key } = this.#options;
    if (this.#blocked) return;
    await writeJournal(this.#place, place.plan, metainfo, { verified, stamps }, key, durable);
  }

  #claim(piece: PieceIndex): void {
    const at = piece >>> 3;
    this.#verified[at] = (this.#verified[at] ?? 0) | (0x80 >>> (piece & 7));
  }

  #stamp(file: number): void {
    const elements = elementsOf(this.#options.place.plan, file);
    const name = elements.pop() ?? '';
    const stats = this.#walk.reach(elements).look(name);
    if (stats?.isFile() === true) this.#stampAs(file, stats);
  }

  #stampAs(file: number, stats: BigIntStats): void {
    if (!this.#strangers.has(file)) this.#stamps[file] = stampOf(stats);
  }

  /** Linux can flush through a read-only descriptor; other systems need a writable one. */
  #open(file: number): number {
    const elements = elementsOf(this.#options.place.plan, file);
    const access = process.platform === 'linux' ? constants.O_RDONLY : constants.O_WRONLY;
    const name = elements.pop() ?? '';
    return this.#walk.reach(elements).openFile(name, access).descriptor;
  }

  #trouble(error: unknown): void {
    if (this.#blocked) return;
    this.#blocked = error instanceof Failure;
    const { folder, name } = this.#place;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const failure = error instanceof Failure ? error : diskFailure(code, `${folder.path}/${name}`);
    if (code === 'ENOSPC' || code === 'EDQUOT') this.#full = failure;
    // The same error every few seconds is reported once.
    if (failure.message !== this.#told) this.#options.onTrouble(failure.message);
    this.#told = failure.message;
  }
}
