/**
 * A timer that counts only lived time: after a stop of the process, the rest of the time still has to pass, and what arrived
 * meanwhile is read first.
 */
import { type Clock, monotonicMs } from './clock.ts';
import { LIVED_TIMER_STEP_MS, MAX_CLOCK_STEP_MS } from './limits.ts';

/** Does the work once, in `ms`. Returns how it is cancelled. */
export type Later = (ms: number, work: () => void) => () => void;

export const livedLater: Later = (ms, work) => {
  const timer = new LivedTimer(ms, work);
  return () => timer.cancel();
};

export class LivedTimer {
  readonly #work: () => void;
  readonly #clock: Clock;
  #restMs: number;
  #stepMs = 0;
  #lookedAt = 0;
  #timer: NodeJS.Timeout;

  /** Calls `work` once, after `ms`. */
  constructor(ms: number, work: () => void, clock: Clock = monotonicMs) {
    this.#work = work;
    this.#clock = clock;
    this.#restMs = ms;
    this.#timer = this.#next();
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  #next(): NodeJS.Timeout {
    this.#lookedAt = this.#clock();
    this.#stepMs = Math.min(this.#restMs, LIVED_TIMER_STEP_MS);
    return setTimeout(() => this.#look(), this.#stepMs);
  }

  #look(): void {
    const passedMs = this.#clock() - this.#lookedAt;
    // Node's timers may fire slightly early by this clock: the step has passed all the same.
    if (passedMs <= MAX_CLOCK_STEP_MS) this.#restMs -= Math.max(passedMs, this.#stepMs);
    if (this.#restMs <= 0) return this.#work();
    this.#timer = this.#next();
  }
}
