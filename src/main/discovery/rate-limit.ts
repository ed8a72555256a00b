/** A rate limit: this many at once, and the same number again each second. */
export class RateLimit {
  readonly #perS: number;
  #left: number;
  #at: number;

  constructor(perS: number, now: number) {
    this.#perS = perS;
    this.#left = perS;
    this.#at = now;
  }

  take(now: number): boolean {
    this.#refill(now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** Milliseconds until one may be taken. */
  waitMs(now: number): number {
    this.#refill(now);
    return Math.max(0, Math.ceil(((1 - this.#left) * 1_000) / this.#perS));
  }

  /** True if the whole allowance is available again. */
  isWhole(now: number): boolean {
    this.#refill(now);
    return this.#left === this.#perS;
  }

  #refill(now: number): void {
    this.#left = Math.min(this.#perS, this.#left + (Math.max(0, now - this.#at) * this.#perS) / 1_000);
    this.#at = now;
  }
}
