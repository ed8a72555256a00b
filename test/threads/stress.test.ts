/** The ledger and the arena under four real threads and a million operations: their invariants hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex, SlotIndex } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import { PRIORITY, type Priority } from '../../src/shared/priority.ts';
import { dice } from '../support/dice.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import type { StressSetup } from '../support/stress-thread.ts';

checkLeaksAtEnd();
const THREADS = 4;
const OPERATIONS = 1_000_000;
const PIECES = 400;
const SLOTS = 24;
const BLOCKS = 8;

interface Told {
  readonly faults: string[];
  readonly fills: number;
  readonly releases: number;
  readonly lostRaces: number;
  readonly joins: number;
  readonly adopted: number;
  readonly evictions: number;
}

function markOf(arena: Arena, slot: SlotIndex, block: number): number {
  const at = arena.offsetOf(slot, block);
  return Buffer.from(arena.bytes.subarray(at, at + 4)).readUInt32LE(0);
}

test(`${THREADS} threads, ${OPERATIONS} operations`, { timeout: 120_000 }, async () => {
  const g = geometry(PIECES * BLOCKS * 16_384, BLOCKS * 16_384);
  const ledgerMemory = Ledger.allocate(PIECES);
  const arenaMemory = Arena.allocate(g, SLOTS * BLOCKS * 16_384);
  const operations = new SharedArrayBuffer(8);
  const left = new Int32Array(operations);
  left[0] = OPERATIONS;
  const ledger = new Ledger(ledgerMemory);
  const arena = new Arena(arenaMemory);
  const told = Array.from({ length: THREADS }, (_, i) => {
    const workerData: StressSetup = {
      ledger: ledgerMemory,
      arena: arenaMemory,
      operations,
      shard: i + 1,
      threads: THREADS,
    };
    const worker = new Worker(new URL('../support/stress-thread.js', import.meta.url), { workerData });
    return new Promise<Told>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  });
  let running = true;
  const all = Promise.all(told).finally(() => {
    running = false;
  });

  const roll = dice(99);
  // Main changes priorities all the time, skipped ones included, while the threads claim.
  const priorities = new Array<Priority>(PIECES).fill(PRIORITY.normal);
  const levels = Object.values(PRIORITY);
  let changes = 0;
  const reprioritize = (): void => {
    for (let i = 0; i < 20; i++) {
      const [piece, priority] = [roll(PIECES), levels[roll(levels.length)] ?? PRIORITY.normal];
      if (priorities[piece] !== priority) changes += 1;
      priorities[piece] = priority;
      ledger.setPriority([piece as PieceIndex], priority);
    }
  };

  // Main's part: judge full pieces. Most fail, so that the threads have work until all operations are done.
  let judged = 0;
  const isFull = (slot: SlotIndex, piece: PieceIndex): boolean =>
    ledger.stateOf(piece) === PIECE_STATE.full &&
    ledger.ownerOf(piece) === arena.ownerOf(slot) &&
    !arena.isDiscarded(slot) &&
    arena.receivedCount(slot) === BLOCKS &&
    // Read last: the slot may have a new owner since its piece was read. A full slot does not change its owner.
    arena.pieceOf(slot) === piece;
  const judge = (): void => {
    for (let slot = 0; slot < SLOTS; slot++) {
      const index = slot as SlotIndex;
      const piece = arena.pieceOf(index);
      if (!isFull(index, piece)) continue;
      judged += 1;
      for (let block = 0; block < BLOCKS; block++) assert.equal(markOf(arena, index, block), piece);
      if (judged % 50 === 0 && roll(2) === 0) ledger.verify(piece);
      else assert.equal(ledger.reset(piece), true);
      arena.discard(index);
    }
  };
  while (running) {
    judge();
    reprioritize();
    await new Promise(setImmediate);
  }
  const results = await all;
  judge();

  assert.deepEqual(
    results.flatMap(({ faults }) => faults),
    [],
  );
  assert.ok(changes > 1_000, `${changes} changes of priority`);
  const pieces = Array.from({ length: PIECES }, (_, piece) => piece as PieceIndex);
  assert.deepEqual(
    pieces.map((piece) => ledger.priorityOf(piece)),
    priorities,
    'each piece has the priority that main gave it last',
  );
  assert.deepEqual(
    ledger.urgentPieces(),
    pieces.filter((piece) => priorities[piece] === PRIORITY.now),
  );
  ledger.setPriority(pieces, PRIORITY.normal);
  assert.ok((left[0] ?? 1) <= 0 || ledger.complete, 'the operations were used up');
  assert.equal(
    results.reduce((sum, { fills }) => sum + fills, 0),
    judged,
    'each full piece was judged once',
  );
  for (const { fills } of results) assert.ok(fills > 0, 'all threads had a part');
  for (const what of ['lostRaces', 'joins', 'releases', 'adopted', 'evictions'] as const)
    assert.ok(
      results.some((result) => result[what] > 0),
      `there were ${what}`,
    );
  const states = Array.from({ length: PIECES }, (_, piece) => ledger.stateOf(piece as PieceIndex));
  const count = (state: number) => states.filter((one) => one === state).length;
  assert.equal(count(PIECE_STATE.claimed) + count(PIECE_STATE.full), 0, 'nothing is left in work');
  assert.equal(ledger.verifiedCount, count(PIECE_STATE.verified));
  assert.equal(ledger.missingCount, count(PIECE_STATE.missing));
  assert.equal(arena.freeCount() + arena.parked().length, SLOTS, 'every slot is free or parked');
});
