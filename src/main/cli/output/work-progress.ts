/** Progress of work whose size is known at the start: checking, verifying, hashing. */

import { RateMeter } from '../../download/rate-meter.ts';
import { formatSize } from '../../text/units.ts';
import type { Console } from './console.ts';
import { figuresText } from './live-view.ts';

/** The name of the work in the output. */
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

  /** `bytes` are done in total. */
  reached(bytes: number): void {
    const now = performance.now();
    this.#doneBytes = bytes;
    if (now - this.#toldAt < this.#console.progressMs) return;
    this.#toldAt = now;
    this.#rate.sample(this.#doneBytes, now);
    const progress = {
      type: 'progress',
      work: this.#what,
      bytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      rate: Math.round(this.#rate.perSecond),
    } as const;
    this.#console.event(progress);
    showWork(progress, this.#console);
  }
}

/** For people. `rate` is in bytes per second. */
export function showWork(
  { work, bytes, totalBytes, rate }: { work: Work; bytes: number; totalBytes: number; rate: number },
  console: Console,
): void {
  const figures = figuresText(bytes, totalBytes, rate);
  console.progress(`${work}  ${figures}  ${formatSize(bytes)} of ${formatSize(totalBytes)}`);
}
