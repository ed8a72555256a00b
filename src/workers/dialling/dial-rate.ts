/** A limit on dials per second: a token bucket over an injected clock. */

/** The bucket holds the dials of this time: by default a race starts with as many dials as may be opening at one time. */
const BURST_MS = 1_000;

export class DialRate {
  readonly #perS: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  /** Infinity is no limit. */
  constructor(perS: number, now: number) {
    this.#perS = perS;
    this.#capacity = Math.max(1, (perS * BURST_MS) / 1_000);
    this.#tokens = this.#capacity;
    this.#filledAt = now;
  }

  /** How many dials may be made now. */
  available(now: number): number {
    if (this.#perS === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const earned = ((now - this.#filledAt) * this.#perS) / 1_000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAt = now;
    return this.#tokens;
  }

  /** Milliseconds until this many dials are allowed, or as many as the bucket holds; 0 if they are allowed now. */
  waitMs(dials: number, now: number): number {
    const missing = Math.min(dials, this.#capacity) - this.available(now);
    return missing <= 0 ? 0 : Math.ceil((missing * 1_000) / this.#perS);
  }

  spend(): void {
    this.#tokens -= 1;
  }
}
