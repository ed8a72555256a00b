/** Progress of work whose size is known beforehand: checking, verifying, hashing. */

import { RateMeter } from '../../download/rate-meter.ts';
import { formatDuration, formatRate, formatSize } from '../../text/units.ts';
import type { Console } from './console.ts';

/** What is hashed, as it is shown. */
type Work = 'checking what is there' | 'verifying' | 'hashing';

export class WorkProgress {
  readonly #console: Console;
  readonly #what: Work;
  readonly #totalBytes: number;
  readonly #rate = new RateMeter();
  readonly #begun = performance.now();
  #doneBytes = 0;
  #toldAt = performance.now();

  constructor(console: Console, what: Work, totalBytes: number) {
    this.#console = console;
    this.#what = what;
    this.#totalBytes = totalBytes;
  }

  get elapsedMs(): number {
    return performance.now() - this.#begun;
  }

  add(bytes: number): void {
    this.reached(this.#doneBytes + bytes);
  }

  /** So many bytes are done in all. */
  reached(bytes: number): void {
    const now = performance.now();
    this.#doneBytes = bytes;
    if (now - this.#toldAt < this.#console.progressMs) return;
    this.#toldAt = now;
    this.#rate.sample(this.#doneBytes, now);
    const rate = this.#rate.perSecond;
    const etaMs = rate > 0 ? ((this.#totalBytes - this.#doneBytes) / rate) * 1_000 : Number.NaN;
    const share = ((this.#doneBytes / this.#totalBytes) * 100).toFixed(1);
    this.#console.event({
      type: 'progress',
      work: this.#what,
      bytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      rate: Math.round(rate),
    });
    this.#console.progress(
      `${this.#what} ${share.padStart(5)} %  ${formatSize(this.#doneBytes)} of ${formatSize(this.#totalBytes)}  ${formatRate(rate)}  eta ${formatDuration(etaMs)}`,
    );
  }
}
