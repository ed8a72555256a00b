/**
 * A timer that counts only lived time: after a stop of the process, the rest of the time still has to pass, and what arrived
 * meanwhile is read first.
 */
import { type Clock, monotonicMs } from './clock.ts';
import { LIVED_TIMER_STEP_MS, MAX_CLOCK_STEP_MS } from './limits.ts';

/** Does the work once, after `ms`. Returns a function that cancels it. */
export type Later = (ms: number, work: () => void) => () => void;

export const livedLater: Later = (ms, work) => {
  const timer = new LivedTimer(ms, work);
  return () => timer.cancel();
};

/** A timer of Node. */
const plainLater: Later = (ms, work) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

export class LivedTimer {
  readonly #work: () => void;
  readonly #clock: Clock;
  #restMs: number;
  #stepMs = 0;
  #lookedAt = 0;
  readonly #later: Later;
  #cancel: () => void;

  /** Calls `work` once, after `ms`. `later`: a timer that counts any kind of time. */
  constructor(ms: number, work: () => void, clock: Clock = monotonicMs, later: Later = plainLater) {
    this.#later = later;
    this.#work = work;
    this.#clock = clock;
    this.#restMs = ms;
    this.#cancel = this.#next();
  }

  cancel(): void {
    this.#cancel();
  }

  #next(): () => void {
    this.#lookedAt = this.#clock();
    this.#stepMs = Math.min(this.#restMs, LIVED_TIMER_STEP_MS);
    return this.#later(this.#stepMs, () => this.#look());
  }

  #look(): void {
    const passedMs = this.#clock() - this.#lookedAt;
    // Node's timers may fire slightly early by this clock. The step then counts in full.
    if (passedMs <= MAX_CLOCK_STEP_MS) this.#restMs -= Math.max(passedMs, this.#stepMs);
    if (this.#restMs <= 0) return this.#work();
    this.#cancel = this.#next();
  }
}
