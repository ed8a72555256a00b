/** The size of write calls follows what they cost, in either state of a machine's memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteSize } from '../../src/workers/write-size.ts';
import { dice } from '../support/dice.ts';

const MIB = 2 ** 20;
/** Nanoseconds a byte by size: as measured on a virtual machine whose memory was fresh, and once it was used. */
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

/** Writes so many pieces of 1 MiB; one in ten takes ten times as long, and all vary by a tenth. */
function writes(size: WriteSize, count: number, costs: ReadonlyMap<number, number>, seed: number): number[] {
  const roll = dice(seed);
  return Array.from({ length: count }, () => {
    const used = size.next();
    const stall = roll(10) === 0 ? 10 : 1;
    size.note(used, MIB, MIB * (costs.get(used) ?? Number.NaN) * stall * (0.95 + roll(100) / 1_000));
    return used;
  });
}

for (const [state, costs, best] of [
  ['fresh', FRESH, 16_384],
  ['used', USED, 262_144],
] as const) {
  test(`memory that is ${state}: nine of ten writes are in calls of ${best} bytes`, () => {
    for (let seed = 1; seed <= 50; seed++) {
      const size = new WriteSize();
      writes(size, 200, costs, seed);
      const later = writes(size, 300, costs, seed + 100);
      assert.ok(later.filter((one) => one === best).length >= 240, `seed ${seed}`);
    }
  });
}

test('a machine whose memory is used up meanwhile: the size changes with it', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const size = new WriteSize();
    writes(size, 200, FRESH, seed);
    writes(size, 600, USED, seed);
    assert.notEqual(size.best, 16_384, `seed ${seed}`);
  }
});

test('small writes say nothing', () => {
  const size = new WriteSize();
  for (let i = 0; i < 100; i++) size.note(size.next(), 1_000, 1);
  assert.equal(size.next(), 16_384);
});
