/** A torrent that is registered with the storage threads. They verify and write its pieces, and check what is on disk. */
import type { Geometry } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import type {
  DiskFault,
  FileRange,
  LookedRange,
  PieceToStore,
  SeenRange,
  StorageResult,
  StorageTask,
} from '../../shared/storage-messages.ts';
import { DiskScan } from './disk-scan.ts';
import { FullPieces } from './full-pieces.ts';
import { lookTasks, pieceTasks } from './scan-tasks.ts';
import type { StorageLine } from './storage-line.ts';

/** What it needs from the threads. */
export interface StorageThreads {
  now(): number;
  /** The line has work. */
  offer(line: StorageLine): void;
  /** The line has ended. */
  withdraw(line: StorageLine): void;
  /**
   * Resolves when no thread has a file of the torrent open, to the fault of one that could not be written. A thread learns of it again
   * with its next task.
   */
  closeFiles(torrent: TorrentId): Promise<DiskFault | null>;
  /** The same when no thread knows the torrent any more: its tasks have ended and its files are closed. */
  forget(torrent: TorrentId): Promise<DiskFault | null>;
}

export class StoredTorrent {
  readonly id: TorrentId;
  readonly #geometry: Geometry;
  readonly #threads: StorageThreads;
  readonly #pieces: FullPieces;
  readonly #scans = new Set<DiskScan>();
  #isClosed = false;
  #closed: Promise<DiskFault | null> | null = null;

  constructor(id: TorrentId, geometry: Geometry, threads: StorageThreads) {
    this.id = id;
    this.#geometry = geometry;
    this.#threads = threads;
    this.#pieces = new FullPieces(id, geometry, () => threads.now());
  }

  /** Pieces that wait for a thread or are with one. */
  get backlog(): number {
    return this.#pieces.backlog;
  }

  /** Milliseconds in which pieces of this torrent were hashed and written. */
  get busyMs(): number {
    return this.#pieces.busyMs;
  }

  /** Where to report verdicts on stored pieces, and bugs of ours. */
  listen(onResult: (result: StorageResult) => void, onError: (error: unknown) => void): void {
    this.#pieces.listen(onResult, onError);
  }

  /** Hashes the pieces and writes the good ones. Throws if the torrent was closed: no thread knows it then. */
  store(pieces: readonly PieceToStore[]): void {
    if (this.#isClosed)
      throw new Error(`torrent ${this.id} is no longer registered with the storage threads`);
    this.#pieces.add(pieces);
    this.#threads.offer(this.#pieces);
  }

  /**
   * Reads and hashes pieces on disk, on all threads that have time; `onResult` gets each part. Rejects with a `disk` failure, or
   * on a bug of ours; ends early if the torrent is closed. `pieces`: ascending; the whole torrent if it is left out.
   */
  scan(
    type: 'check' | 'digest',
    onResult: (result: StorageResult) => void,
    pieces?: readonly PieceIndex[],
  ): Promise<void> {
    return this.#scan(pieceTasks(type, this.#geometry, pieces), onResult);
  }

  /**
   * Does other tasks with the low priority of a scan; the next one is asked for when a thread has time. `mostAtWork`: tasks at one
   * time. Rejects and ends like `scan`.
   */
  work(
    tasks: Iterator<StorageTask>,
    onResult: (result: StorageResult) => void,
    mostAtWork?: number,
  ): Promise<void> {
    return this.#scan(tasks, onResult, mostAtWork);
  }

  /** The files among the ranges that have only zeros there. Rejects and ends like `scan`. */
  async blankFiles(ranges: readonly FileRange[]): Promise<Set<number>> {
    const seen = await this.look(ranges.map((range) => ({ ...range, digest: null })));
    return new Set(seen.filter(({ state }) => state === 'blank').map(({ file }) => file));
  }

  /** What the files hold in these ranges, in no order. Rejects and ends like `scan`. */
  async look(ranges: readonly LookedRange[]): Promise<SeenRange[]> {
    const seen: SeenRange[] = [];
    await this.#scan(lookTasks(ranges), (result) => {
      if (result.type === 'looked') seen.push(...result.seen);
    });
    return seen;
  }

  /** Resolves when no piece waits or is with a thread. */
  idle(): Promise<void> {
    return this.#pieces.idle();
  }

  /**
   * Before files are removed: what a thread has open would keep their space, and would be read in place of a new file with the same
   * name. And before a download is complete: some systems say only at a close that they could not write. Resolves to such a fault. No
   * task may run meanwhile.
   */
  closeFiles(): Promise<DiskFault | null> {
    return this.#threads.closeFiles(this.id);
  }

  /** Unregisters it and drops what waits. Resolves when no thread uses its files or its memory any more, to a fault like `closeFiles`. */
  close(): Promise<DiskFault | null> {
    this.drop();
    this.#closed ??= this.#threads.forget(this.id);
    return this.#closed;
  }

  /** Like `close`, when the threads are ending anyway. */
  drop(): void {
    this.#isClosed = true;
    this.#pieces.close();
    this.#threads.withdraw(this.#pieces);
    for (const scan of this.#scans) scan.close();
  }

  /** Too many threads died. */
  fail(error: unknown): void {
    for (const scan of this.#scans) scan.fail(error);
    this.#pieces.fail(error);
  }

  async #scan(
    tasks: Iterator<StorageTask>,
    onResult: (result: StorageResult) => void,
    mostAtWork?: number,
  ): Promise<void> {
    if (this.#isClosed) return;
    const scan = new DiskScan(
      this.id,
      tasks,
      (result) => {
        onResult(result);
        // It may have waited for this result.
        if (mostAtWork !== undefined && scan.waits) this.#threads.offer(scan);
      },
      mostAtWork,
    );
    this.#scans.add(scan);
    try {
      this.#threads.offer(scan);
      await scan.ended;
    } finally {
      this.#threads.withdraw(scan);
      this.#scans.delete(scan);
    }
  }
}
