/**
 * Keeps the journal correct while a download runs. The order matters: first the data of a piece is flushed to disk, then the
 * piece is claimed.
 */
import { assertCannotFlush, type FileStats, type FileSystem } from '../../shared/file-system.ts';
import { systemError } from '../../shared/folder.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { JOURNAL_INTERVAL_MS } from '../../shared/limits.ts';
import type { Standings } from '../../shared/standing.ts';
import type { DiskFault } from '../../shared/storage-messages.ts';
import { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { type FileStamp, removeJournal, stampOf, writeJournal } from './journal.ts';
import { JournalFiles } from './journal-files.ts';
import type { JournalKey } from './journal-key.ts';
import { journalName } from './names/name-beside.ts';
import type { OutputPlace } from './output-place.ts';
import { filesOfPiece } from './storage-plan.ts';

export interface JournalKeeperOptions {
  readonly place: OutputPlace;
  readonly metainfo: Metainfo;
  /** Which files on the disk are those of the download. */
  readonly standings: Pick<Standings, 'isSame' | 'checked'>;
  readonly key: JournalKey | null;
  /** Called if a journal could not be written: the download goes on, and a restart will check more. */
  readonly onTrouble: (message: string) => void;
  /** Verified pieces are about to be claimed. */
  readonly beforeClaims?: () => Promise<void>;
  /** Pieces that a storage thread may have written by now, and has not reported. */
  readonly unreported?: () => Iterable<PieceIndex>;
}

export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  readonly #own: JournalFiles;
  readonly #verified: Uint8Array;
  readonly #stamps: (FileStamp | null)[];
  /** Pieces that are verified and not yet flushed. */
  #noted: PieceIndex[] = [];
  /** Those of the flush that is under way. */
  #flushing: PieceIndex[] = [];
  /** Their files. */
  readonly #touched = new Set<number>();
  /** A flush that failed may have lost them before they were noted. */
  readonly #unsure = new Set<PieceIndex>();
  /** Files with a failed flush, in this run or an earlier one. */
  readonly #doubted = new Set<number>();
  #lost: Failure | null = null;
  /** Files that do not belong to the torrent: never ours. */
  readonly #strangers = new Set<number>();
  /**
   * Writes a journal that must not wait for the next verified piece: the first one, because without it our files look foreign, or one
   * that says which files are doubted. It is tried again until it is written.
   */
  #owed: (() => Promise<void>) | null = null;
  #cancelFlush: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** A file that is not a journal is in its place: this is reported once, and then no journal is written. */
  #blocked = false;
  #told = '';
  #full: Failure | null = null;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
    this.#own = new JournalFiles(options.place, options.standings);
    this.#verified = new Uint8Array(Math.ceil(options.metainfo.geometry.pieceCount / 8));
    this.#stamps = options.place.plan.files.map(() => null);
  }

  /**
   * Records which files are ours before the first byte is written: a run that is killed, or loses power, in its first piece leaves
   * files without a verified piece. `isOurs` by file of the plan; `trusted`: pieces that the last journal claimed; `isAll`: there
   * are no other good pieces. If there are others, they are not flushed. Then the files must not look unchanged to the next run: it
   * would take unclaimed pieces for absent. `doubted`: by the last journal. Rejects with a `disk` failure if the disk is full: then the
   * first piece would not fit.
   */
  async begin(
    isOurs: (file: number) => boolean,
    trusted: readonly PieceIndex[],
    isAll: boolean,
    doubted: Iterable<number>,
  ): Promise<void> {
    for (const file of doubted) this.#doubted.add(file);
    this.#writing = this.#writing
      .then(async () => {
        for (const piece of trusted) this.#claim(piece);
        for (const file of this.#stamps.keys()) if (isOurs(file)) this.#stamp(file);
        const stamps = isAll
          ? this.#stamps
          : this.#stamps.map((stamp) => stamp && { ...stamp, modified: '' });
        this.#owed = () => this.#replace(stamps, this.#verified);
        await this.#writeOwed();
      })
      .catch((error: unknown) => this.#trouble(error));
    await this.#writing;
    if (this.#full !== null) throw this.#full;
  }

  /** The piece is verified and written. */
  note(piece: PieceIndex): void {
    if (this.#unsure.has(piece)) return;
    this.#noted.push(piece);
    for (const file of this.#filesOf(piece)) this.#touched.add(file);
    this.#flushLater();
  }

  #filesOf(piece: PieceIndex): readonly number[] {
    const { place, metainfo } = this.#options;
    return [...filesOfPiece(place.plan, metainfo.geometry, piece)];
  }

  #isDoubted(piece: PieceIndex): boolean {
    return this.#filesOf(piece).some((file) => this.#doubted.has(file));
  }

  #flushLater(): void {
    this.#cancelFlush ??= this.#options.place.world.later(JOURNAL_INTERVAL_MS, () => void this.flush());
  }

  /** These files turned out to be foreign. */
  disown(files: readonly number[]): void {
    for (const file of files) {
      this.#strangers.add(file);
      this.#stamps[file] = null;
    }
  }

  /** The system has dropped what was written, and told it at a flush: pieces that were verified may not be on disk. */
  get lost(): Failure | null {
    return this.#lost;
  }

  /** The system has told elsewhere that it could not write what a file got. */
  lose({ path, code }: DiskFault): void {
    const file = this.#options.place.plan.files.findIndex((one) => one.path === path);
    this.#doubt([file]);
    this.#noteLoss(file, systemError(code));
  }

  /** Resolves when a flush that is under way has told what it lost. */
  get settled(): Promise<void> {
    return this.#writing;
  }

  /** Flushes everything verified so far and claims it. One call at a time; never rejects. */
  flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#writing = this.#writing.then(() => this.#write()).catch((error: unknown) => this.#trouble(error));
    return this.#writing;
  }

  /** The download is complete, and no flush is under way: there is nothing to resume. */
  async finish(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    try {
      this.#options.place.assertOurs();
      await removeJournal(this.#place);
    } catch (error) {
      this.#trouble(error);
    }
  }

  close(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#own.close();
  }

  get #files(): FileSystem {
    return this.#options.place.root.files;
  }

  get #place() {
    const { place } = this.#options;
    return { folder: place.root, name: journalName(place.plan.root) };
  }

  async #write(): Promise<void> {
    if (this.#blocked) return;
    if (this.#touched.size === 0) return this.#writeOwed();
    this.#flushing = this.#noted;
    const files = [...this.#touched];
    this.#noted = [];
    this.#touched.clear();
    const unopened = new Map<number, unknown>();
    let at = files[0] as number;
    try {
      for (const file of files) {
        at = file;
        await this.#flushFile(file, unopened);
      }
    } catch (error) {
      // A second flush would succeed and prove nothing: the system reports a failure once.
      this.#doubt(files);
      this.#noteLoss(at, error);
      await this.#writeOwed().catch((error: unknown) => this.#trouble(error));
      throw error;
    }
    await this.#options.beforeClaims?.();
    for (const piece of this.#flushing) {
      if (this.#filesOf(piece).some((file) => unopened.has(file))) this.#noted.push(piece);
      else this.#claim(piece);
    }
    // If that fails, the last flush of the run tries again.
    this.#owed = () => this.#replace(this.#stamps, this.#verified);
    await this.#writeOwed();
    for (const [file, error] of unopened) {
      this.#touched.add(file);
      this.#flushLater();
      this.#trouble(error, this.#options.place.plan.files[file]?.path);
    }
  }

  /** What was written to these files may be lost. */
  #doubt(files: readonly number[]): void {
    for (const file of files) {
      this.#doubted.add(file);
      this.#restamp(file);
    }
    // What was written while the flush was under way may be lost with it, and the next flush would not say so.
    this.#noted = this.#noted.filter((piece) => !this.#isDoubted(piece));
    this.#flushing = this.#flushing.filter((piece) => !this.#isDoubted(piece));
    for (const piece of this.#options.unreported?.() ?? [])
      if (this.#isDoubted(piece)) this.#unsure.add(piece);
    // The next run must know, also if this is the last flush.
    this.#owed ??= () => this.#replace(this.#stamps, this.#verified);
  }

  async #writeOwed(): Promise<void> {
    try {
      await this.#owed?.();
      this.#owed = null;
    } catch (error) {
      this.#flushLater();
      throw error;
    }
  }

  /**
   * A file that cannot be opened was not flushed, and nothing of it is lost: it is tried again. If another file has its place, the
   * next run must not take that one for ours.
   */
  async #flushFile(file: number, unopened: Map<number, unknown>): Promise<void> {
    let descriptor: number;
    try {
      descriptor = this.#own.open(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'REPLACED') this.#stamps[file] = null;
      unopened.set(file, error);
      return;
    }
    try {
      await this.#files.slow.fdatasync(descriptor).catch(assertCannotFlush);
      this.#stampAs(file, this.#files.fstat(descriptor));
    } finally {
      this.#files.close(descriptor);
    }
  }

  async #replace(stamps: readonly (FileStamp | null)[], verified: Uint8Array): Promise<void> {
    const { place, metainfo, key } = this.#options;
    if (this.#blocked) return;
    // A later run that has taken over the place writes its own.
    place.assertOurs();
    await writeJournal(this.#place, place.plan, metainfo, { verified, stamps, doubted: this.#doubted }, key);
  }

  #claim(piece: PieceIndex): void {
    const at = piece >>> 3;
    this.#verified[at] = (this.#verified[at] ?? 0) | (0x80 >>> (piece & 7));
  }

  #stamp(file: number): void {
    const stats = this.#own.look(file);
    if (stats !== null) this.#stampAs(file, stats);
  }

  #stampAs(file: number, stats: FileStats): void {
    if (this.#strangers.has(file)) return;
    const stamp = stampOf(stats);
    this.#stamps[file] = this.#doubted.has(file) ? { ...stamp, modified: '' } : stamp;
  }

  /** Its bytes may not be those of the last stamp. */
  #restamp(file: number): void {
    const stamp = this.#stamps[file];
    if (stamp != null) this.#stamps[file] = { ...stamp, modified: '' };
  }

  #noteLoss(file: number, error: unknown): void {
    const { code = '' } = error as NodeJS.ErrnoException;
    const { path } = this.#options.place.plan.files[file] ?? { path: '' };
    this.#lost ??= diskFailure(code, path, error);
  }

  #trouble(error: unknown, path = `${this.#place.folder.path}/${this.#place.name}`): void {
    if (this.#blocked) return;
    this.#blocked = error instanceof Failure;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const failure = error instanceof Failure ? error : diskFailure(code, path);
    if (code === 'ENOSPC' || code === 'EDQUOT') this.#full = failure;
    // The same error every few seconds is reported once.
    if (failure.message !== this.#told) this.#options.onTrouble(failure.message);
    this.#told = failure.message;
  }
}
