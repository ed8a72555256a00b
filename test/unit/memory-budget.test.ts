/** How the memory for pieces is divided among the torrents of a session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultMemory } from '../../src/main/download/memory.ts';
import { MemoryBudget, type MemoryShare } from '../../src/main/session/memory-budget.ts';
import { geometry } from '../../src/shared/geometry.ts';

const MIB = 2 ** 20;
const never = new AbortController().signal;
const pieces = (mib: number, count = 100) => geometry(count * mib * MIB, mib * MIB);

/** What was granted so far, in order. */
function granted(budget: MemoryBudget) {
  const grants: [string, number][] = [];
  const shares: MemoryShare[] = [];
  const ask = (name: string, mib: number, wantedMib: number, signal = never): Promise<void> =>
    budget.take(pieces(mib), wantedMib * MIB, signal).then((share) => {
      grants.push([name, share.bytes / MIB]);
      shares.push(share);
    });
  return { grants, shares, ask };
}

test('a single torrent gets all that it wants, up to the total', async () => {
  const budget = new MemoryBudget(64 * MIB, 1);
  const { grants, ask } = granted(budget);
  await ask('a', 1, 128);
  assert.deepEqual(grants, [['a', 64]]);
});

test('a known number of torrents share equally; otherwise each gets half of the free memory, but two pieces at least', async () => {
  const known = granted(new MemoryBudget(64 * MIB, 2));
  await Promise.all([known.ask('a', 1, 128), known.ask('b', 1, 128)]);
  assert.deepEqual(known.grants, [
    ['a', 32],
    ['b', 32],
  ]);
  const unknown = granted(new MemoryBudget(64 * MIB, 0));
  await Promise.all([unknown.ask('a', 1, 128), unknown.ask('b', 1, 128), unknown.ask('c', 8, 128)]);
  assert.deepEqual(unknown.grants, [
    ['a', 32],
    ['b', 16],
    ['c', 16],
  ]);
});

test('a torrent waits in order until there is room for two pieces; small torrents do not pass it', async () => {
  const budget = new MemoryBudget(32 * MIB, 0);
  const { grants, shares, ask } = granted(budget);
  await ask('a', 1, 16);
  const waits = [ask('b', 16, 32), ask('c', 1, 4)];
  await Promise.resolve();
  assert.deepEqual([grants.length, budget.waiting], [1, 2]);
  shares[0]?.release();
  await waits[0];
  assert.deepEqual(grants.at(-1), ['b', 32]);
  shares[1]?.release();
  await waits[1];
  assert.deepEqual(grants.at(-1), ['c', 4]);
  shares[2]?.release();
  assert.equal(budget.freeBytes, 32 * MIB);
});

test('huge pieces need room for only one; a piece larger than the total is wrong usage', async () => {
  const budget = new MemoryBudget(256 * MIB, 0);
  assert.equal((await budget.take(pieces(256), 512 * MIB, never)).bytes / MIB, 256);
  await assert.rejects(budget.take(pieces(512), 1, never), {
    code: 'usage',
    message: 'one piece of this torrent has 512.0 MiB, and --memory allows 256.0 MiB: give it more',
  });
});

test('a torrent that stops waiting takes nothing, and the next one is served', async () => {
  const budget = new MemoryBudget(8 * MIB, 0);
  const { grants, ask } = granted(budget);
  await ask('a', 2, 4);
  const stop = new AbortController();
  const gone = ask('b', 4, 8, stop.signal);
  const next = ask('c', 1, 2);
  stop.abort(new Error('enough'));
  await assert.rejects(gone, /enough/);
  await next;
  assert.deepEqual(grants, [
    ['a', 4],
    ['c', 2],
  ]);
  await assert.rejects(budget.take(pieces(1), MIB, stop.signal), /enough/);
});

test('idle memory is wanted while another torrent waits, and no more of it than that torrent lacks', async () => {
  const { grants, shares, ask } = granted(new MemoryBudget(24 * MIB, 3));
  await Promise.all([ask('a', 1, 8), ask('b', 1, 8), ask('c', 1, 8)]);
  const [a, b, c] = shares as [MemoryShare, MemoryShare, MemoryShare];
  assert.equal(a.offer(), false, 'nobody waits');
  const wait = ask('d', 8, 16);
  assert.deepEqual([a.offer(), b.offer(), c.offer(), a.offer()], [true, true, false, true]);
  b.release();
  assert.equal(c.offer(), false, 'that of the first is still to come');
  a.release();
  await wait;
  assert.deepEqual(grants.at(-1), ['d', 16]);
  const next = ask('e', 1, 2);
  assert.equal(c.offer(), true);
  c.release();
  await next;
});

test('by default many torrents have little more memory than one, and each some pieces', () => {
  const of = (torrents: number, mib = 1): number => defaultMemory(pieces(mib, 1_000), torrents) / MIB;
  assert.deepEqual([of(0), of(1), of(4), of(8), of(32), of(1_000)], [32, 32, 32, 16, 4, 4]);
  assert.deepEqual([of(1, 16), of(8, 16), of(3, 256), of(1_000, 256)], [128, 64, 256, 256]);
  assert.equal(defaultMemory(geometry(3 * MIB, MIB), 1), 3 * MIB, 'no more than the torrent has');
});
