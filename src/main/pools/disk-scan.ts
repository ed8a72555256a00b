/** Reads what is on disk, one task after the other as threads become free: for a check, a new torrent, or a search for zeros. */
import type { TorrentId } from '../../shared/indices.ts';
import type { StorageResult, StorageTask } from '../../shared/storage-messages.ts';
import { diskFailure } from '../files/disk-failure.ts';
import type { StorageJob, StorageLine } from './storage-line.ts';

export class DiskScan implements StorageLine {
  readonly torrent: TorrentId;
  readonly kind = 'scan';
  /** Resolves when all tasks are done, or when the scan was closed. Rejects with a `disk` failure, or on a bug of ours. */
  readonly ended: Promise<void>;
  readonly #tasks: Iterator<StorageTask>;
  readonly #onResult: (result: StorageResult) => void;
  readonly #mostAtWork: number;
  #next: StorageTask | null;
  /** Tasks whose threads died. */
  readonly #again: StorageTask[] = [];
  #atWork = 0;
  #isOver = false;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** `mostAtWork`: tasks at one time. */
  constructor(
    torrent: TorrentId,
    tasks: Iterator<StorageTask>,
    onResult: (result: StorageResult) => void,
    mostAtWork = Number.POSITIVE_INFINITY,
  ) {
    this.torrent = torrent;
    this.#mostAtWork = mostAtWork;
    this.#tasks = tasks;
    this.#onResult = onResult;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#next = this.#advance();
    this.#settle();
  }

  get waits(): boolean {
    const isLeft = this.#again.length > 0 || this.#next !== null;
    return !this.#isOver && isLeft && this.#atWork < this.#mostAtWork;
  }

  take(): StorageJob {
    const task = this.#again.shift() ?? (this.#next as StorageTask);
    if (task === this.#next) this.#next = this.#advance();
    this.#atWork += 1;
    return {
      task,
      done: (result) => this.#done(result),
      giveBack: () => {
        this.#atWork -= 1;
        this.#again.push(task);
      },
    };
  }

  fail(error: unknown): void {
    this.#isOver = true;
    this.#reject(error);
  }

  /** Stops the scan. */
  close(): void {
    this.#isOver = true;
    this.#resolve();
  }

  #done(result: StorageResult): void {
    this.#atWork -= 1;
    if (this.#isOver) return;
    if (result.fault !== null) return this.fail(diskFailure(result.fault.code, result.fault.path));
    try {
      this.#onResult(result);
    } catch (error) {
      return this.fail(error);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#atWork === 0 && this.#again.length === 0 && this.#next === null) this.close();
  }

  #advance(): StorageTask | null {
    const { done, value } = this.#tasks.next();
    return done === true ? null : value;
  }
}
