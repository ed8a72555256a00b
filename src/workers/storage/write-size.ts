/**
 * How large one write call should be. No constant is right: while the memory of a virtual machine is fresh, large pages of the
 * page cache are dear, and calls of 16 KiB cost less than those of 256 KiB; once it has been used, it is the other way round
 * (bench/NOTES.md). So a thread measures what a byte costs in calls of each size as it goes, keeps the cheapest, and looks at the
 * others again now and then. It is told the time, and knows nothing of files.
 */
import { LEAST_WRITE_BYTES, WRITE_CHUNK_BYTES } from '../../shared/limits.ts';

const WRITE_SIZES_BYTES = [LEAST_WRITE_BYTES, 4 * LEAST_WRITE_BYTES, WRITE_CHUNK_BYTES] as const;

/** Writes of each size that are looked at. */
const KEPT_SAMPLES = 13;
/** The dearest quarter of them does not count: a stall of the disk says nothing about the size. All others do, since fresh memory shows in half of the writes. */
const COUNTED_SHARE = 0.75;
const ENOUGH_SAMPLES = 8;
/** At first each size is tried this often. */
const FIRST_TRIES = 3;
/** Afterwards one write in this many tries another size. */
const LOOK_EVERY = 12;
/** A size must be cheaper by this much to take over: both may be as good, and measure differently each time. */
const CLEARLY_CHEAPER = 0.95;
/** Smaller writes say more about the call than about its size. */
const LEAST_SAMPLE_BYTES = 262_144;

/** What one size cost. The samples lie in a ring, and beside it in order: a write moves one of them and makes nothing new. */
class Costs {
  /** Nanoseconds a byte, as they came; the oldest is at `#oldest` once the ring is full. */
  readonly #ring = new Float64Array(KEPT_SAMPLES);
  /** The same, ascending. */
  readonly #sorted = new Float64Array(KEPT_SAMPLES);
  #count = 0;
  #oldest = 0;
  /** The mean of those that count; of a few, the middle one. */
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

  /** The size that costs least, as far as that is known. */
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

  /** `bytes` were written in calls of `size`, in this time. */
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
    // The one that loses is tried anew at once: a few stalls in a row are not the size's fault.
    this.#costs[this.#best]?.forget();
    this.#allTried = false;
    this.#best = cheapest;
  }

  #costOf(size: number): number {
    return this.#costs[size]?.cost ?? Number.POSITIVE_INFINITY;
  }
}
