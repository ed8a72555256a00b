/** A limit with a burst: some at once, and a fixed amount per second over time. */
export class Allowance {
  readonly #most: number;
  readonly #perMs: number;
  #left: number;
  #at: number;

  constructor(most: number, perSecond: number, now: number) {
    this.#most = most;
    this.#perMs = perSecond / 1_000;
    this.#left = most;
    this.#at = now;
  }

  /** Adds what the passed time allows. */
  refill(now: number): void {
    this.earn((now - this.#at) * this.#perMs);
    this.#at = now;
  }

  earn(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  /** Returns false and takes nothing if not enough is left. */
  spend(amount: number): boolean {
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
