/**
 * Time as this thread lives it: it stands still while the process does (Ctrl-Z, `docker pause`, a machine that sleeps). Whatever
 * counts the silence of others counts by this clock: what they sent meanwhile lies unread in our sockets, so nobody was silent.
 *
 * Its owner looks at it several times a second, as a shard does at each tick. A longer time between two looks is time in which
 * nothing of ours ran, and does not count.
 */
import type { Clock } from './clock.ts';
import { MAX_CLOCK_STEP_MS } from './limits.ts';

/** From this moment of lived time on it is so far behind the other clock. */
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
      // Not all of it, so that moments before and after can be told apart.
      this.#lostMs += stepMs - 1;
      this.#gaps.push({ from: at - this.#lostMs, lostMs: this.#lostMs });
    }
    return at - this.#lostMs;
  };

  /** A moment of lived time on the clock that all threads share. */
  readonly shared = (lived: number): number =>
    lived + (this.#gaps.findLast(({ from }) => from <= lived)?.lostMs ?? 0);
}
