/** Progress of work whose size is known at the start: checking, verifying, hashing. */

import { LIVE_PROGRESS_MS } from '../../../shared/limits.ts';
import { RateMeter } from '../../download/rate-meter.ts';
import { formatSize } from '../../text/units.ts';
import type { Console } from './console.ts';
import { joined, percentText, speedText } from './live-view.ts';
import { tenthOf } from './plain-pace.ts';
import { TimeLeft } from './time-left.ts';

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
  #sampledAt = Number.NEGATIVE_INFINITY;
  readonly #timeLeft = new TimeLeft();

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
    this.#sample(now);
    if (now - this.#toldAt < this.#console.progressMs) return;
    this.#toldAt = now;
    const progress = {
      type: 'progress',
      work: this.#what,
      bytes: this.#doneBytes,
      totalBytes: this.#totalBytes,
      rate: Math.round(this.#rate.perSecond),
    } as const;
    this.#console.event(progress);
    showWork(progress, this.#timeLeft, this.#console);
  }

  /** Pieces may follow each other by the thousand. */
  #sample(now: number): void {
    if (now - this.#sampledAt < LIVE_PROGRESS_MS) return;
    this.#sampledAt = now;
    this.#rate.sample(this.#doneBytes, now);
    this.#timeLeft.sample(this.#rate.perSecond, now);
  }
}

/** For people. `rate` is in bytes per second. */
export function showWork(
  progress: {
    readonly work: Work | 'looking for known pieces';
    readonly folders?: readonly string[];
    readonly bytes: number;
    readonly totalBytes: number;
    readonly rate: number;
  },
  timeLeft: TimeLeft,
  console: Console,
): void {
  const { folders = [], bytes, totalBytes, rate } = progress;
  const work = folders.length === 0 ? progress.work : `${progress.work} in ${folders.join(', ')}`;
  const percent = `${percentText(bytes, totalBytes)} of ${formatSize(totalBytes)}`;
  console.progress(joined(work, percent, speedText(rate, timeLeft.of(totalBytes - bytes))), {
    phase: progress.work,
    step: tenthOf(bytes, totalBytes),
  });
}
