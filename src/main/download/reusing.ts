/**
 * Pieces from other files, beside those of peers: main claims them in the ledger as a holder does, so that no piece is fetched twice.
 * Files with the right size or name are searched before peers are asked; any other file has a head start.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { REUSE_HEAD_START_MS } from '../../shared/limits.ts';
import { REUSE_OWNER } from '../../shared/slot-owner.ts';
import type { MainWorld } from '../main-world.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { Reuse, ReuseTarget, Taken } from '../storage/reuse/reuse.ts';
import type { ByteCounts } from './byte-counts.ts';
import type { DownloadListener } from './download-options.ts';

export interface ReusingOptions {
  readonly stored: StoredTorrent;
  readonly ledger: Ledger;
  readonly world: Pick<MainWorld, 'later'>;
  readonly bytes: Pick<ByteCounts, 'reused' | 'wanted'>;
  readonly listener: Pick<DownloadListener, 'onReuseLooked' | 'onReused'>;
  /** These pieces are right and written. */
  onTaken(taken: Taken): void;
  /** After the head start: a `disk` failure of our own files, or a bug of ours. */
  onFailure(error: unknown): void;
  /** The download has ended. */
  isOver(): boolean;
}

/** What is searched. */
type Searched = Pick<Reuse, 'take' | 'recognize' | 'isCut'>;

export class Reusing implements ReuseTarget {
  readonly #reuse: Searched;
  readonly #options: ReusingOptions;
  #isLooking = true;
  /** Peers may be asked as well. */
  #isBeside = false;

  private constructor(reuse: Searched, options: ReusingOptions) {
    this.#reuse = reuse;
    this.#options = options;
  }

  static of(reuse: Searched | null, options: ReusingOptions): Reusing | null {
    return reuse === null ? null : new Reusing(reuse, options);
  }

  /** Something may still be found. */
  get isLooking(): boolean {
    return this.#isLooking && !this.isOver();
  }

  /** Peers are not asked for data yet. */
  get isAlone(): boolean {
    return this.isLooking && !this.#isBeside;
  }

  /**
   * The files of the download are ready. Resolves when peers may be asked as well. Rejects with a `disk` failure of our own files, or
   * on a bug of ours.
   */
  async run(): Promise<void> {
    const { stored, world, ledger, bytes, onFailure } = this.#options;
    // Nothing was missing, so nothing was searched.
    if (ledger.complete && bytes.reused === 0) this.#isLooking = false;
    if (!this.isLooking) return;
    await this.#reuse.take(stored, this);
    let cancel = (): void => {};
    const headStart = new Promise<void>((resolve) => {
      cancel = world.later(REUSE_HEAD_START_MS, resolve);
    });
    const search = this.#reuse.recognize(stored, this).finally(() => this.done());
    search.catch((error: unknown) => {
      if (this.#isBeside) onFailure(error);
    });
    try {
      await Promise.race([search, headStart]);
    } finally {
      cancel();
      this.#isBeside = true;
    }
  }

  isMissing(piece: PieceIndex): boolean {
    return this.#options.ledger.stateOf(piece) === PIECE_STATE.missing;
  }

  claim(piece: PieceIndex): boolean {
    return this.#options.ledger.claim(piece, REUSE_OWNER);
  }

  release(piece: PieceIndex): void {
    this.#options.ledger.release(piece, REUSE_OWNER);
  }

  onTaken(taken: Taken): void {
    if (!this.isOver()) this.#options.onTaken(taken);
  }

  onLooked(bytes: number, totalBytes: number): void {
    if (!this.isOver() && !this.#isBeside) this.#options.listener.onReuseLooked(bytes, totalBytes);
  }

  isOver(): boolean {
    return this.#options.isOver();
  }

  /** The search has ended, or the download is complete. */
  done(): void {
    if (!this.isLooking) return;
    this.#isLooking = false;
    const { bytes, listener } = this.#options;
    listener.onReused(bytes.reused, bytes.wanted, this.#reuse.isCut);
  }
}
