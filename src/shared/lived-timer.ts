/** A timer that counts lived time alone: after a stop of the process its rest is still to come, and what came meanwhile is read first. */
import { monotonicMs } from './clock.ts';
import { LIVED_TIMER_STEP_MS } from './limits.ts';
import { LivedClock } from './lived-clock.ts';

export class LivedTimer {
  readonly #clock = new LivedClock(monotonicMs);
  readonly #work: () => void;
  readonly #due: number;
  #timer: NodeJS.Timeout;

  /** Calls `work` once, in `ms`. */
  constructor(ms: number, work: () => void) {
    this.#work = work;
    this.#due = this.#clock.now() + ms;
    this.#timer = this.#next();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  #next(): NodeJS.Timeout {
    const rest = Math.max(0, this.#due - this.#clock.now());
    return setTimeout(() => this.#look(), Math.min(rest, LIVED_TIMER_STEP_MS));
  }

  #look(): void {
    if (this.#clock.now() >= this.#due) return this.#work();
    this.#timer = this.#next();
  }
}
