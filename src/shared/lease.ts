/**
 * The right to write, until a moment: main extends it while a queue confirms that a job is still ours, and whatever writes for the
 * job looks at it right before each call. It is shared memory, because storage threads write, and because the main thread may be
 * frozen when they wake.
 *
 * Two clocks count, and the earlier end decides. The monotonic clock goes on while a process is stopped (SIGSTOP, swap); that of
 * the calendar also while the machine sleeps. A lease that has ended stays ended.
 */
import { monotonicMs } from './clock.ts';

export type LeaseMemory = SharedArrayBuffer;

/** One moment on both clocks, in milliseconds. */
export interface Moment {
  readonly monotonic: number;
  readonly calendar: number;
}

/** The code of the error that refuses a write. */
export const LEASE_OVER = 'LEASE';

const MONOTONIC = 0;
const CALENDAR = 1;
const ENDED = 2;
const REFUSED = 3;
const WORDS = 4;

export const systemMoment = (): Moment => ({ monotonic: monotonicMs(), calendar: Date.now() });

export class Lease {
  readonly memory: LeaseMemory;
  readonly #words: BigInt64Array;
  readonly #now: () => Moment;

  constructor(memory: LeaseMemory, now: () => Moment = systemMoment) {
    this.memory = memory;
    this.#words = new BigInt64Array(memory);
    this.#now = now;
  }

  /** One that nobody has extended yet: nothing may be written. */
  static allocate(): LeaseMemory {
    return new SharedArrayBuffer(WORDS * BigInt64Array.BYTES_PER_ELEMENT);
  }

  /** It lasts until `ms` after this moment. Returns false if it had ended before: then it stays so. */
  extend({ monotonic, calendar }: Moment, ms: number): boolean {
    if (this.#isBegun && this.isOver) return false;
    Atomics.store(this.#words, MONOTONIC, BigInt(Math.floor(monotonic + ms)));
    Atomics.store(this.#words, CALENDAR, BigInt(Math.floor(calendar + ms)));
    return true;
  }

  /** Nothing is written from now on. */
  end(): void {
    Atomics.store(this.#words, ENDED, 1n);
  }

  get isOver(): boolean {
    if (Atomics.load(this.#words, ENDED) !== 0n) return true;
    const { monotonic, calendar } = this.#now();
    const isLate =
      monotonic >= Number(Atomics.load(this.#words, MONOTONIC)) ||
      calendar >= Number(Atomics.load(this.#words, CALENDAR));
    // The clock of the calendar may be set back.
    if (isLate && this.#isBegun) this.end();
    return isLate;
  }

  /** Throws an error with the code LEASE if nothing may be written, and counts it. */
  assert(): void {
    if (!this.isOver) return;
    Atomics.add(this.#words, REFUSED, 1n);
    throw Object.assign(new Error(LEASE_OVER), { code: LEASE_OVER });
  }

  /** Writes that were refused, in all threads. */
  get refused(): number {
    return Number(Atomics.load(this.#words, REFUSED));
  }

  get #isBegun(): boolean {
    return Atomics.load(this.#words, MONOTONIC) !== 0n;
  }
}
