/**
 * The hashers: Piscina pool B. Full pieces go in, verdicts come out. Each hasher has one task at work and one ready, small
 * pieces share a task; what waits beyond that waits here, and it is bounded, because every piece in it holds a slot.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import {
  BLANK_TASK_FILES,
  CHECK_TASK_BYTES,
  HASH_TASK_BYTES,
  HASH_TASKS_PER_HASHER,
} from '../../shared/limits.ts';
import type {
  FileRange,
  HasherSetup,
  HashResult,
  HashTask,
  PieceToStore,
} from '../../shared/storage-messages.ts';
import { diskFailure } from '../files/disk-failure.ts';
import { STORAGE_FILE } from '../worker-files.ts';
import { ThreadPool } from './thread-pool.ts';

/** Deaths of hashers, over the whole run, after which something is wrong that a new thread does not mend. */
const MAX_HASHER_DEATHS = 3;

export class HashPool {
  readonly #threads: ThreadPool<HashTask, HashResult>;
  readonly #setup: HasherSetup;
  readonly #hashers: number;
  #waiting: PieceToStore[] = [];
  /** Tasks, and the pieces in them. */
  #atWork = 0;
  #piecesAtWork = 0;
  /** Milliseconds with a task at work, but for the stretch that began at `#busySince`. */
  #busyMs = 0;
  #busySince = 0;
  #deaths = 0;
  #closed = false;
  /** Too many hashers died: nothing more is taken in. */
  #failed = false;
  #idle: (() => void) | null = null;
  #onResult: (result: HashResult) => void = () => {};
  #onError: (error: unknown) => void = () => {};

  constructor(hashers: number, setup: HasherSetup) {
    this.#hashers = hashers;
    this.#setup = setup;
    this.#threads = new ThreadPool({
      file: STORAGE_FILE,
      threads: hashers,
      between: 'sleep',
      workerData: setup,
    });
  }

  /** Pieces that wait for a hasher or are with one. */
  get backlog(): number {
    return this.#waiting.length + this.#piecesAtWork;
  }

  /** Milliseconds in which pieces were hashed and written. */
  get busyMs(): number {
    return this.#busyMs + (this.#atWork > 0 ? performance.now() - this.#busySince : 0);
  }

  /** Where verdicts on stored pieces go, and bugs of ours. */
  listen(onResult: (result: HashResult) => void, onError: (error: unknown) => void): void {
    this.#onResult = onResult;
    this.#onError = onError;
  }

  store(pieces: readonly PieceToStore[]): void {
    if (this.#failed) return;
    this.#waiting.push(...pieces);
    this.#dispatch();
  }

  /**
   * Reads and hashes pieces that are on disk, all hashers at work; `onResult` hears of each part. Rejects with a `disk`
   * failure, or on a bug of ours. `pieces`: ascending; all of the torrent where it is left out.
   */
  async scan(
    type: 'check' | 'digest',
    onResult: (result: HashResult) => void,
    pieces?: readonly PieceIndex[],
  ): Promise<void> {
    const { pieceCount, pieceLength } = this.#setup.geometry;
    const perTask = Math.max(1, Math.floor(CHECK_TASK_BYTES / pieceLength));
    const runs = pieces === undefined ? runsOfAll(pieceCount, perTask) : runsOf(pieces, perTask);
    const work = async (): Promise<void> => {
      for (const run of runs) {
        if (this.#closed) return;
        const result = await this.#threads.run({ type, ...run });
        if (result.fault !== null) throw diskFailure(result.fault.code, result.fault.path);
        onResult(result);
      }
    };
    await Promise.all(Array.from({ length: this.#hashers }, work));
  }

  /** Those of the stretches' files that have nothing but zeros there. Rejects as `scan` does. */
  async blankFiles(ranges: readonly FileRange[]): Promise<Set<number>> {
    const blank = new Set<number>();
    const starts = Array.from({ length: Math.ceil(ranges.length / BLANK_TASK_FILES) }, (_, i) => i).values();
    const work = async (): Promise<void> => {
      for (const i of starts) {
        if (this.#closed) return;
        const part = ranges.slice(i * BLANK_TASK_FILES, (i + 1) * BLANK_TASK_FILES);
        const result = await this.#threads.run({ type: 'blank', ranges: part });
        if (result.fault !== null) throw diskFailure(result.fault.code, result.fault.path);
        if (result.type === 'looked') for (const file of result.blank) blank.add(file);
      }
    };
    await Promise.all(Array.from({ length: this.#hashers }, work));
    return blank;
  }

  /** Resolves when nothing waits and nothing is at work. */
  async idle(): Promise<void> {
    if (this.#waiting.length === 0 && this.#atWork === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    await this.#threads.end();
  }

  #dispatch(): void {
    const perTask = Math.max(1, Math.floor(HASH_TASK_BYTES / this.#setup.geometry.pieceLength));
    while (this.#waiting.length > 0 && this.#atWork < this.#hashers * HASH_TASKS_PER_HASHER) {
      const pieces = this.#waiting.splice(0, perTask);
      if (this.#atWork === 0) this.#busySince = performance.now();
      this.#atWork += 1;
      this.#piecesAtWork += pieces.length;
      this.#threads.run({ type: 'store', pieces }).then(
        (result) => this.#done(pieces, result),
        (error: unknown) => this.#died(pieces, error),
      );
    }
  }

  /** The thread died under these pieces: their slots are untouched, so another hasher takes them. */
  #died(pieces: readonly PieceToStore[], error: unknown): void {
    if (this.#closed) return;
    this.#taken(pieces);
    this.#deaths += 1;
    if (this.#deaths > MAX_HASHER_DEATHS) {
      this.#waiting = [];
      this.#failed = true;
      this.#onError(error);
    } else this.store(pieces);
    this.#settle();
  }

  #done(pieces: readonly PieceToStore[], result: HashResult): void {
    this.#taken(pieces);
    this.#onResult(result);
    this.#dispatch();
    this.#settle();
  }

  #taken(pieces: readonly PieceToStore[]): void {
    this.#atWork -= 1;
    if (this.#atWork === 0) this.#busyMs += performance.now() - this.#busySince;
    this.#piecesAtWork -= pieces.length;
  }

  #settle(): void {
    if (this.#waiting.length > 0 || this.#atWork > 0) return;
    this.#idle?.();
    this.#idle = null;
  }
}

interface Run {
  readonly first: PieceIndex;
  readonly count: number;
}

function* runsOfAll(pieceCount: number, perTask: number): Generator<Run> {
  for (let first = 0; first < pieceCount; first += perTask) {
    yield { first: first as PieceIndex, count: Math.min(perTask, pieceCount - first) };
  }
}

/** Neighbours share a run, up to `perTask` of them. */
function* runsOf(pieces: readonly PieceIndex[], perTask: number): Generator<Run> {
  let first = 0;
  for (let i = 1; i <= pieces.length; i++) {
    const start = pieces[first] as PieceIndex;
    if (i < pieces.length && pieces[i] === start + (i - first) && i - first < perTask) continue;
    yield { first: start, count: i - first };
    first = i;
  }
}
