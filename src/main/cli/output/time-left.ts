/**
 * How long the rest will take: only once the rate has settled. The rate is a mean of some seconds, so after the first bytes it
 * grows from nothing, and a time from it would be hours too long.
 */

/** So long there must have been data, without a break. */
const SETTLED_MS = 5_000;
/** Seconds of data tell nothing about hours: a time is shown up to so many times of what was seen. */
const MOST_TIMES = 120;
/** The rate is compared over so long: its second half with its first. */
const WINDOW_MS = 4_000;
/** It has settled if the second half is at most so many times the first. */
const SETTLED_GROWTH = 1.5;
/** Once it has settled, single blocks of slow peers make it rise and fall: only more than this is growth. */
const NEW_GROWTH = 1.8;

interface Sample {
  readonly at: number;
  /** Bytes a second. */
  readonly rate: number;
}

export class TimeLeft {
  #samples: Sample[] = [];
  /** How long data has arrived without a break. */
  #seenMs = 0;
  /** When the data began to arrive without a break; null if none arrives. */
  #since: number | null = null;
  #isSettled = false;

  /** Notes the rate of this moment. Call it a few times a second. */
  sample(rate: number, now: number): void {
    if (rate <= 0) {
      this.#samples = [];
      this.#since = null;
      this.#isSettled = false;
      return;
    }
    this.#since ??= now;
    this.#samples.push({ at: now, rate });
    while (now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift();
    this.#seenMs = now - this.#since;
    this.#isSettled =
      this.#seenMs >= SETTLED_MS && this.#growth(now) <= (this.#isSettled ? NEW_GROWTH : SETTLED_GROWTH);
  }

  /** Milliseconds for so many bytes; null if nobody can know. */
  of(bytes: number): number | null {
    if (!this.#isSettled || bytes <= 0) return null;
    const ms = (bytes / meanRate(this.#samples)) * 1_000;
    return ms > MOST_TIMES * this.#seenMs ? null : ms;
  }

  #growth(now: number): number {
    const middle = now - WINDOW_MS / 2;
    const [early, late] = [false, true].map((isLate) =>
      meanRate(this.#samples.filter(({ at }) => at > middle === isLate)),
    );
    // Without early samples nothing is known.
    return early === undefined || late === undefined || early === 0 ? Number.POSITIVE_INFINITY : late / early;
  }
}

function meanRate(samples: readonly Sample[]): number {
  return samples.reduce((sum, { rate }) => sum + rate, 0) / Math.max(1, samples.length);
}
