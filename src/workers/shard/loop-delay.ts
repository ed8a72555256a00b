/** How late the event loop of this thread is. A stop of the process (Ctrl-Z, a machine that sleeps) is not its fault. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { LivedClock } from '../../shared/lived-clock.ts';
import type { Load } from './shard-world.ts';

/** Sampling interval; it is part of what the histogram measures. */
const RESOLUTION_MS = 10;

export class LoopDelay {
  readonly #lived: LivedClock;
  readonly #histogram: IntervalHistogram;
  #lostMs: number;

  constructor(
    lived: LivedClock,
    histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
  ) {
    this.#lived = lived;
    this.#histogram = histogram;
    this.#lostMs = lived.lostMs;
  }

  /** It wakes the thread a hundred times a second, so it is on only while there is something to measure. */
  turn(on: boolean): void {
    if (on) this.#histogram.enable();
    else this.#histogram.disable();
  }

  /** Call it several times a second: after a stop it measures anew. */
  look(): void {
    this.#lived.now();
    if (this.#lived.lostMs === this.#lostMs) return;
    this.#lostMs = this.#lived.lostMs;
    this.#histogram.reset();
    // Its own timer may count the stop only after this one.
    setImmediate(() => this.#histogram.reset());
  }

  get figures(): Omit<Load, 'activeMs'> {
    const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
    return {
      lagP50Ms: beyond(this.#histogram.percentile(50)),
      lagP99Ms: beyond(this.#histogram.percentile(99)),
      lagMaxMs: beyond(this.#histogram.max),
    };
  }
}
