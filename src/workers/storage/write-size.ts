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

export class WriteSize {
  /** Nanoseconds a byte, the newest last. */
  readonly #samples = WRITE_SIZES_BYTES.map((): number[] => []);
  #best = 0;
  #writes = 0;
  #looked = 0;

  /** The size that costs least, as far as that is known. */
  get best(): number {
    return WRITE_SIZES_BYTES[this.#best] as number;
  }

  /** The size for the next write. */
  next(): number {
    const untried = this.#samples.findIndex((samples) => samples.length < FIRST_TRIES);
    if (untried >= 0) return WRITE_SIZES_BYTES[untried] as number;
    this.#writes += 1;
    if (this.#writes % LOOK_EVERY !== 0) return this.best;
    this.#looked = (this.#looked + 1) % WRITE_SIZES_BYTES.length;
    return WRITE_SIZES_BYTES[this.#looked] as number;
  }

  /** `bytes` were written in calls of `size`, in this time. */
  note(size: number, bytes: number, nanoseconds: number): void {
    const samples = this.#samples[WRITE_SIZES_BYTES.indexOf(size)];
    if (samples === undefined || bytes < LEAST_SAMPLE_BYTES) return;
    samples.push(nanoseconds / bytes);
    if (samples.length > KEPT_SAMPLES) samples.shift();
    this.#choose();
  }

  #choose(): void {
    const costs = this.#samples.map((samples) =>
      samples.length < FIRST_TRIES ? Number.POSITIVE_INFINITY : costOf(samples),
    );
    const cheapest = costs.indexOf(Math.min(...costs));
    const [least, ours] = [costs[cheapest] as number, costs[this.#best] as number];
    if (least >= ours * CLEARLY_CHEAPER) return;
    // The one that loses is tried anew at once: a few stalls in a row are not the size's fault.
    (this.#samples[this.#best] as number[]).length = 0;
    this.#best = cheapest;
  }
}

/** The mean of those that count; of a few, the middle one. */
function costOf(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  if (samples.length < ENOUGH_SAMPLES) return sorted[samples.length >> 1] as number;
  const counted = sorted.slice(0, Math.ceil(samples.length * COUNTED_SHARE));
  return counted.reduce((sum, cost) => sum + cost, 0) / counted.length;
}
