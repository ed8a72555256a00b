/** The size of write calls follows their measured cost, with fresh and with used memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteSize } from '../../src/workers/storage/write-size.ts';
import { dice } from '../support/dice.ts';

const MIB = 2 ** 20;
/** Nanoseconds per byte by size: measured on a virtual machine whose memory was fresh, and after it was used. */
const FRESH = new Map([
  [16_384, 1.0],
  [65_536, 1.5],
  [262_144, 1.67],
]);
const USED = new Map([
  [16_384, 1.0],
  [65_536, 0.93],
  [262_144, 0.85],
]);

/** The rule in its simplest form: all samples of all sizes are sorted at each write. */
class PlainWriteSize {
  readonly #sizes = [16_384, 65_536, 262_144];
  readonly #samples: number[][] = [[], [], []];
  #best = 0;
  #writes = 0;
  #looked = 0;

  next(): number {
    const untried = this.#samples.findIndex((samples) => samples.length < 3);
    if (untried >= 0) return this.#sizes[untried] ?? 0;
    this.#writes += 1;
    if (this.#writes % 12 === 0) this.#looked = (this.#looked + 1) % 3;
    return this.#sizes[this.#writes % 12 === 0 ? this.#looked : this.#best] ?? 0;
  }

  note(size: number, cost: number): void {
    const samples = this.#samples[this.#sizes.indexOf(size)] ?? [];
    samples.push(cost);
    if (samples.length > 13) samples.shift();
    const costs = this.#samples.map((each) => this.#costOf(each));
    const cheapest = costs.indexOf(Math.min(...costs));
    if ((costs[cheapest] ?? 0) >= (costs[this.#best] ?? 0) * 0.95) return;
    this.#samples[this.#best] = [];
    this.#best = cheapest;
  }

  #costOf(samples: readonly number[]): number {
    if (samples.length < 3) return Number.POSITIVE_INFINITY;
    const sorted = [...samples].sort((a, b) => a - b);
    if (samples.length < 8) return sorted[samples.length >> 1] ?? 0;
    const counted = sorted.slice(0, Math.ceil(samples.length * 0.75));
    return counted.reduce((sum, cost) => sum + cost, 0) / counted.length;
  }
}

/** Writes this many pieces of 1 MiB; one in ten takes ten times as long, and all vary by a tenth. */
function writes(size: WriteSize, count: number, costs: ReadonlyMap<number, number>, seed: number): number[] {
  const roll = dice(seed);
  return Array.from({ length: count }, () => {
    const used = size.next();
    const stall = roll(10) === 0 ? 10 : 1;
    size.note(used, MIB, MIB * (costs.get(used) ?? Number.NaN) * stall * (0.95 + roll(100) / 1_000));
    return used;
  });
}

/** By seed: the share of writes in calls of this size. */
function shares(best: (size: number) => boolean, run: (size: WriteSize, seed: number) => number[]): number[] {
  return Array.from({ length: 50 }, (_, i) => {
    const sizes = run(new WriteSize(), i + 1);
    return sizes.filter(best).length / sizes.length;
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

for (const [state, costs, best] of [
  ['fresh', FRESH, 16_384],
  ['used', USED, 262_144],
] as const) {
  test(`memory that is ${state}: nearly all writes are in calls of ${best} bytes, despite stalls`, () => {
    const all = shares(
      (one) => one === best,
      (size, seed) => {
        writes(size, 200, costs, seed);
        return writes(size, 300, costs, seed + 100);
      },
    );
    assert.ok(mean(all) > 0.85, `${mean(all)}`);
    assert.ok(Math.min(...all) > 0.5, `${Math.min(...all)}`);
  });
}

test('when the machine’s memory is used during the run, the size changes', () => {
  const all = shares(
    (one) => one !== 16_384,
    (size, seed) => {
      writes(size, 200, FRESH, seed);
      return writes(size, 900, USED, seed).slice(600);
    },
  );
  assert.ok(mean(all) > 0.85, `${mean(all)}`);
});

test('small writes do not count', () => {
  const size = new WriteSize();
  for (let i = 0; i < 100; i++) size.note(size.next(), 1_000, 1);
  assert.equal(size.next(), 16_384);
});

test('inserting one sample per write gives the same decision as sorting all samples', () => {
  let changes = 0;
  for (let seed = 1; seed <= 50; seed++) {
    const roll = dice(seed);
    const [size, plain] = [new WriteSize(), new PlainWriteSize()];
    let before = 16_384;
    for (let i = 0; i < 500; i++) {
      const used = size.next();
      assert.equal(used, plain.next(), `seed ${seed}, write ${i}`);
      // Few values, so that many samples are equal. Now and then the cheapest size changes.
      const cost = (1 + roll(8)) * ((used >> 14) % 3 === Math.floor(i / 60) % 2 ? 1 : 1.3);
      size.note(used, MIB, MIB * cost);
      plain.note(used, cost);
      if (size.best !== before) changes += 1;
      before = size.best;
    }
  }
  assert.ok(changes > 200, `${changes}`);
});
