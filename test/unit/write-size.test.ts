/** The size of write calls follows what they cost, in either state of a machine's memory. */
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
