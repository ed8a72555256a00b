/**
 * The full pieces of a torrent that go to the storage threads. Small pieces share a task. The number that waits is bounded,
 * because every piece in it holds a slot.
 */
import { type Geometry, piecesIn } from '../../shared/geometry.ts';
import type { TorrentId } from '../../shared/indices.ts';
import { HASH_TASK_BYTES } from '../../shared/limits.ts';
import type { PieceToStore, StorageResult } from '../../shared/storage-messages.ts';
import type { StorageJob, StorageLine } from './storage-line.ts';

export class FullPieces implements StorageLine {
  readonly torrent: TorrentId;
  readonly kind = 'pieces';
  readonly #perTask: number;
  readonly #now: () => number;
  #waiting: PieceToStore[] = [];
  /** Tasks in progress, and the pieces in them. */
  #atWork = 0;
  #piecesAtWork = 0;
  /** Milliseconds with a task in progress, without the current stretch since `#busySince`. */
  #busyMs = 0;
  #busySince = 0;
  #isOver = false;
  #idle: (() => void)[] = [];
  #onResult: (result: StorageResult) => void = () => {};
  #onError: (error: unknown) => void = () => {};

  constructor(torrent: TorrentId, geometry: Geometry, now: () => number) {
    this.torrent = torrent;
    this.#perTask = piecesIn(geometry, HASH_TASK_BYTES);
    this.#now = now;
  }

  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  /** Pieces that wait for a thread or are with one. */
  get backlog(): number {
    return this.#waiting.length + this.#piecesAtWork;
  }

  /** Milliseconds in which pieces were hashed and written. */
  get busyMs(): number {
    return this.#busyMs + (this.#atWork > 0 ? this.#now() - this.#busySince : 0);
  }

  listen(onResult: (result: StorageResult) => void, onError: (error: unknown) => void): void {
    this.#onResult = onResult;
    this.#onError = onError;
  }

  add(pieces: readonly PieceToStore[]): void {
    if (!this.#isOver) this.#waiting.push(...pieces);
  }

  take(): StorageJob {
    const pieces = this.#waiting.splice(0, this.#perTask);
    if (this.#atWork === 0) this.#busySince = this.#now();
    this.#atWork += 1;
    this.#piecesAtWork += pieces.length;
    return {
      task: { type: 'store', pieces },
      done: (result) => this.#done(pieces, result),
      giveBack: () => this.#giveBack(pieces),
    };
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.close();
    this.#onError(error);
  }

  /** Drops what waits. No more results are reported. */
  close(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#settle();
  }

  /** Resolves when no piece waits or is with a thread. */
  async idle(): Promise<void> {
    if (this.backlog > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #done(pieces: readonly PieceToStore[], result: StorageResult): void {
    this.#taken(pieces);
    if (!this.#isOver) this.#onResult(result);
    this.#settle();
  }

  /** The thread died. The slots are not changed. */
  #giveBack(pieces: readonly PieceToStore[]): void {
    this.#taken(pieces);
    if (!this.#isOver) this.#waiting.unshift(...pieces);
    this.#settle();
  }

  #taken(pieces: readonly PieceToStore[]): void {
    this.#atWork -= 1;
    if (this.#atWork === 0) this.#busyMs += this.#now() - this.#busySince;
    this.#piecesAtWork -= pieces.length;
  }

  #settle(): void {
    if (this.backlog > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
