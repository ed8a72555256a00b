/**
 * The limit of one direction for a whole session, in shared memory: bytes that may be sent (or requested) now. It fills with
 * time, and threads take from it. A block is taken whole: the bucket may owe for it, so that a small limit lets blocks through
 * one at a time.
 */
import { BLOCK_BYTES, RATE_TURN_MS } from './limits.ts';

/** The part that crosses the thread boundary. */
export interface RateMemory {
  /** Two words: bytes that may be taken (negative: owed), and the microsecond up to which it is filled. */
  readonly words: SharedArrayBuffer;
  readonly bytesPerS: number;
}

const LEFT = 0;
const FILLED_AT = 1;

export class RateBucket {
  readonly #words: BigInt64Array;
  readonly #bytesPerS: number;
  /** The most that is kept for later: two turns of a thread, or one block. */
  readonly #most: bigint;

  constructor({ words, bytesPerS }: RateMemory) {
    this.#words = new BigInt64Array(words);
    this.#bytesPerS = bytesPerS;
    this.#most = BigInt(Math.max(BLOCK_BYTES, Math.ceil((bytesPerS * 2 * RATE_TURN_MS) / 1_000)));
  }

  /** `bytesPerS`: at least 1. */
  static allocate(bytesPerS: number): RateMemory {
    return { words: new SharedArrayBuffer(16), bytesPerS };
  }

  /** True if something may be taken. `now`: milliseconds of the clock that all threads share. */
  mayTake(now: number): boolean {
    this.#fill(BigInt(Math.floor(now * 1_000)));
    return Atomics.load(this.#words, LEFT) > 0n;
  }

  /** Takes all of it, or nothing and returns false. */
  take(bytes: number, now: number): boolean {
    if (!this.mayTake(now)) return false;
    for (;;) {
      const left = Atomics.load(this.#words, LEFT);
      if (left <= 0n) return false;
      if (Atomics.compareExchange(this.#words, LEFT, left, left - BigInt(bytes)) === left) return true;
    }
  }

  /** Takes it, even if nothing is left: the bucket owes it. Less than 0: what was taken and not used. */
  spend(bytes: number): void {
    Atomics.sub(this.#words, LEFT, BigInt(bytes));
  }

  /** One thread adds what the time since the last filling allows; the time of a fraction of a byte stays for the next one. */
  #fill(now: bigint): void {
    const filledAt = Atomics.load(this.#words, FILLED_AT);
    const perS = BigInt(this.#bytesPerS);
    const due = ((now - filledAt) * perS) / 1_000_000n;
    if (due <= 0n) return;
    const isFull = due >= this.#most;
    const until = isFull ? now : filledAt + (due * 1_000_000n) / perS;
    if (Atomics.compareExchange(this.#words, FILLED_AT, filledAt, until) !== filledAt) return;
    for (;;) {
      const left = Atomics.load(this.#words, LEFT);
      const filled = left + due > this.#most ? this.#most : left + due;
      if (Atomics.compareExchange(this.#words, LEFT, left, filled) === left) return;
    }
  }
}
