/**
 * How large one write call should be. No constant is right. While the memory of a virtual machine is fresh, large pages of the
 * page cache are slow, and calls of 16 KiB cost less than calls of 256 KiB. After the memory was used once, it is the other way
 * round (bench/NOTES.md). So a thread measures the cost per byte of each size, uses the cheapest, and tries the others now and
 * then. It gets the time from outside and knows nothing of files.
 */
import { LEAST_WRITE_BYTES, WRITE_CHUNK_BYTES } from '../../shared/limits.ts';

const WRITE_SIZES_BYTES = [LEAST_WRITE_BYTES, 4 * LEAST_WRITE_BYTES, WRITE_CHUNK_BYTES] as const;

/** How many writes of each size count. */
const KEPT_SAMPLES = 13;
/** The slowest quarter does not count: a stall of the disk says nothing about the size. The rest does: fresh memory slows half of the writes. */
const COUNTED_SHARE = 0.75;
const ENOUGH_SAMPLES = 8;
/** At first each size is tried this many times. */
const FIRST_TRIES = 3;
/** Afterwards one write in this many tries another size. */
const LOOK_EVERY = 12;
/** A size must be cheaper by this factor to take over: two sizes may be equally good and still measure differently. */
const CLEARLY_CHEAPER = 0.95;
/** Smaller writes say more about the call than about its size. */
const LEAST_SAMPLE_BYTES = 262_144;

/** The cost of one size. The samples are in a ring and also sorted, so adding a sample allocates nothing. */
class Costs {
  /** Nanoseconds per byte, by time; the oldest is at `#oldest` once the ring is full. */
  readonly #ring = new Float64Array(KEPT_SAMPLES);
  /** The same, ascending. */
  readonly #sorted = new Float64Array(KEPT_SAMPLES);
  #count = 0;
  #oldest = 0;
  /** The mean of the samples that count; with few samples, the median. */
  cost = Number.POSITIVE_INFINITY;

  get isTried(): boolean {
    return this.#count >= FIRST_TRIES;
  }

  add(sample: number): void {
    if (this.#count === KEPT_SAMPLES) this.#drop(this.#ring[this.#oldest] as number);
    this.#ring[this.#oldest] = sample;
    this.#oldest = (this.#oldest + 1) % KEPT_SAMPLES;
    const sorted = this.#sorted;
    let at = this.#count;
    for (; at > 0 && (sorted[at - 1] as number) > sample; at--) sorted[at] = sorted[at - 1] as number;
    sorted[at] = sample;
    this.#count += 1;
    this.cost = this.#costNow();
  }

  forget(): void {
    this.#count = 0;
    this.#oldest = 0;
    this.cost = Number.POSITIVE_INFINITY;
  }

  #drop(sample: number): void {
    const at = this.#sorted.indexOf(sample);
    this.#sorted.copyWithin(at, at + 1, this.#count);
    this.#count -= 1;
  }

  #costNow(): number {
    if (!this.isTried) return Number.POSITIVE_INFINITY;
    if (this.#count < ENOUGH_SAMPLES) return this.#sorted[this.#count >> 1] as number;
    const counted = Math.ceil(this.#count * COUNTED_SHARE);
    let sum = 0;
    for (let i = 0; i < counted; i++) sum += this.#sorted[i] as number;
    return sum / counted;
  }
}

export class WriteSize {
  readonly #costs = WRITE_SIZES_BYTES.map(() => new Costs());
  #best = 0;
  #writes = 0;
  #looked = 0;
  #allTried = false;

  /** The cheapest size so far. */
  get best(): number {
    return WRITE_SIZES_BYTES[this.#best] as number;
  }

  /** The size for the next write. */
  next(): number {
    if (!this.#allTried) {
      const untried = this.#costs.findIndex(({ isTried }) => !isTried);
      if (untried >= 0) return WRITE_SIZES_BYTES[untried] as number;
      this.#allTried = true;
    }
    this.#writes += 1;
    if (this.#writes % LOOK_EVERY !== 0) return this.best;
    this.#looked = (this.#looked + 1) % WRITE_SIZES_BYTES.length;
    return WRITE_SIZES_BYTES[this.#looked] as number;
  }

  /** `bytes` were written in calls of `size` in this time. */
  note(size: number, bytes: number, nanoseconds: number): void {
    const costs = this.#costs[WRITE_SIZES_BYTES.indexOf(size)];
    if (costs === undefined || bytes < LEAST_SAMPLE_BYTES) return;
    costs.add(nanoseconds / bytes);
    this.#choose();
  }

  #choose(): void {
    let cheapest = 0;
    for (let i = 1; i < this.#costs.length; i++) if (this.#costOf(i) < this.#costOf(cheapest)) cheapest = i;
    if (this.#costOf(cheapest) >= this.#costOf(this.#best) * CLEARLY_CHEAPER) return;
    // The size that loses is measured again at once: a few stalls in a row are not its fault.
    this.#costs[this.#best]?.forget();
    this.#allTried = false;
    this.#best = cheapest;
  }

  #costOf(size: number): number {
    return this.#costs[size]?.cost ?? Number.POSITIVE_INFINITY;
  }
}
