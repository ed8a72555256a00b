/**
 * How a check of what is on disk goes on (`progress.ts` tells it): it comes before the download, so for its whole time no peer is to
 * blame. On a slow disk a piece may take long, so it is also looked at between two pieces.
 */
import type { Clock } from '../../shared/clock.ts';
import { RateMeter } from '../download/rate-meter.ts';
import type { CheckProgress, ReuseProgress } from './events.ts';

/** A check that goes on. */
export interface DiskCheckState {
  readonly bytes: number;
  /** 0: it is not known yet how much must be hashed. */
  readonly totalBytes: number;
  /** Milliseconds since it began. */
  readonly ms: number;
}

export class CheckWatch {
  readonly #clock: Clock;
  #rate = new RateMeter();
  #begun: number | null = null;
  #bytes = 0;
  #totalBytes = 0;
  /** Other folders that are searched (`reuse`); null: the files at their place are hashed. */
  #folders: readonly string[] | null = null;

  /** `clock`: lived time. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null while nothing is checked. */
  get state(): DiskCheckState | null {
    if (this.#begun === null) return null;
    return { bytes: this.#bytes, totalBytes: this.#totalBytes, ms: this.#clock() - this.#begun };
  }

  begin(): void {
    this.#begun = this.#clock();
    this.#rate = new RateMeter();
    this.#bytes = 0;
    this.#totalBytes = 0;
    this.#folders = null;
  }

  /** `folders`: those that are searched, if it is not a check of the files at their place. */
  reached(bytes: number, totalBytes: number, folders: readonly string[] | null = null): void {
    // Another part of the check begins.
    if (bytes < this.#bytes || folders !== this.#folders) this.#rate = new RateMeter();
    this.#folders = folders;
    this.#bytes = bytes;
    this.#totalBytes = totalBytes;
  }

  end(): void {
    this.#begun = null;
  }

  /** Null while nothing is hashed. */
  progress(): CheckProgress | ReuseProgress | null {
    if (this.#begun === null || this.#totalBytes === 0) return null;
    this.#rate.sample(this.#bytes, this.#clock());
    const figures = {
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
      rate: Math.round(this.#rate.perSecond),
    };
    const folders = this.#folders;
    return folders === null
      ? { type: 'progress', work: 'checking what is there', ...figures }
      : { type: 'progress', work: 'looking for known pieces', folders, ...figures };
  }
}
