/**
 * Lived time: a clock that stops while the process is stopped (Ctrl-Z, `docker pause`, a machine that sleeps). We measure silence
 * with it: what others sent meanwhile is unread in our sockets, so they were not silent.
 *
 * Its owner reads it several times a second, as a shard does at each tick. If two reads are further apart, our code did not run
 * in between, and this time does not count.
 */
import type { Clock } from './clock.ts';
import { MAX_CLOCK_STEP_MS } from './limits.ts';

/** From this moment of lived time on, it is this far behind the other clock. */
interface Gap {
  readonly from: number;
  readonly lostMs: number;
}

export class LivedClock {
  readonly #clock: Clock;
  #lookedAt: number;
  #lostMs = 0;
  readonly #gaps: Gap[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = clock();
  }

  readonly now: Clock = () => {
    const at = this.#clock();
    const stepMs = at - this.#lookedAt;
    this.#lookedAt = at;
    if (stepMs > MAX_CLOCK_STEP_MS) {
      // One millisecond still counts, so that moments before and after differ.
      this.#lostMs += stepMs - 1;
      this.#gaps.push({ from: at - this.#lostMs, lostMs: this.#lostMs });
    }
    return at - this.#lostMs;
  };

  /** How long our code did not run, so far. */
  get lostMs(): number {
    return this.#lostMs;
  }

  /** A moment of lived time, converted to the clock that all threads share. */
  readonly shared = (lived: number): number =>
    lived + (this.#gaps.findLast(({ from }) => from <= lived)?.lostMs ?? 0);
}
