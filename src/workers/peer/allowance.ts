/** How much of something one peer may do: some of it at once, and so much a second over time. */
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

  /** Time has passed. */
  refill(now: number): void {
    this.earn((now - this.#at) * this.#perMs);
    this.#at = now;
  }

  earn(amount: number): void {
    this.#left = Math.min(this.#most, this.#left + amount);
  }

  /** False, and nothing is taken, where there is not so much left. */
  spend(amount: number): boolean {
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
