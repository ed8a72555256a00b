/**
 * When a line of progress is due where the output is no terminal: often at first, then less and less, so that the log of a long
 * download stays short. Pure: the time comes from outside.
 */
import {
  LIVE_PROGRESS_MS,
  PLAIN_PROGRESS_LATE_MS,
  PLAIN_PROGRESS_LATER_MS,
  PLAIN_PROGRESS_LONG_MS,
  PLAIN_PROGRESS_MS,
  PLAIN_PROGRESS_NEW_MS,
} from '../../../shared/limits.ts';

/** How far a run is. */
export interface Stage {
  /** What it does, such as `searching`. Each begins with a line, and is new for a while. */
  readonly phase: string;
  /** A line is due when this changes. */
  readonly step?: number;
}

export class PlainPace {
  #stage: Stage | null = null;
  /** When the phase began. */
  #begun = 0;
  #lastAt = 0;

  /** True: write a line now. Times are in milliseconds. */
  isDue(stage: Stage, now: number): boolean {
    const before = this.#stage;
    this.#stage = stage;
    if (before?.phase !== stage.phase) this.#begun = now;
    else if (before.step === stage.step && now - this.#lastAt < this.#intervalMs(now) - LIVE_PROGRESS_MS)
      return false;
    this.#lastAt = now;
    return true;
  }

  #intervalMs(now: number): number {
    const age = now - this.#begun;
    if (age <= PLAIN_PROGRESS_NEW_MS) return PLAIN_PROGRESS_MS;
    return age <= PLAIN_PROGRESS_LATE_MS ? PLAIN_PROGRESS_LATER_MS : PLAIN_PROGRESS_LONG_MS;
  }
}

/** The step for a share of something: it changes at each tenth. */
export function tenthOf(part: number, whole: number): number {
  return whole === 0 ? 10 : Math.floor((part / whole) * 10);
}
