/** When peers may be asked beside the search in other files, and what is claimed meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reusing } from '../../src/main/download/reusing.ts';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import type { Taken } from '../../src/main/storage/reuse/reuse.ts';
import { deferred } from '../../src/shared/deferred.ts';
import type { PieceIndex, ShardId } from '../../src/shared/indices.ts';
import { Ledger } from '../../src/shared/ledger.ts';
import { REUSE_HEAD_START_MS } from '../../src/shared/limits.ts';
import { PRIORITY } from '../../src/shared/priority.ts';
import { REUSE_OWNER } from '../../src/shared/slot-owner.ts';

const piece = (value: number): PieceIndex => value as PieceIndex;
const TAKEN: Taken = {
  ...{
    type: 'taken',
    found: [],
    missed: [],
    isSplit: false,
    withheld: [],
    edges: [],
    writeBytes: 0,
    fault: null,
  },
};

function fixture() {
  const [taking, recognizing] = [deferred<void>(), deferred<void>()];
  const log: string[] = [];
  let isOver = false;
  let due: (() => void) | null = null;
  const ledger = new Ledger(Ledger.allocate(3));
  const reusing = Reusing.of(
    { take: () => taking.promise, recognize: () => recognizing.promise, isCut: false },
    {
      stored: {} as StoredTorrent,
      ledger,
      world: {
        later: (ms, work) => {
          assert.equal(ms, REUSE_HEAD_START_MS);
          due = work;
          return () => {
            due = null;
          };
        },
      },
      bytes: { reused: 5, wanted: 9 },
      listener: {
        onReuseLooked: (bytes, total) => log.push(`looked ${bytes}/${total}`),
        onReused: (bytes, total) => log.push(`reused ${bytes}/${total}`),
      },
      onTaken: () => log.push('taken'),
      onFailure: (error) => log.push(`failed ${String(error)}`),
      isOver: () => isOver,
    },
  ) as Reusing;
  return {
    ...{ taking, recognizing, log, ledger, reusing },
    end: () => {
      isOver = true;
    },
    headStartEnds: () => due?.(),
    waits: () => due !== null,
  };
}

/** Whether it has resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise(setImmediate);
  return done;
}

test('peers wait for the files with the right name or size, and then for as long as the head start', async () => {
  const { reusing, taking, recognizing, headStartEnds, waits, log } = fixture();
  const running = reusing.run();
  reusing.onLooked(1, 2);
  assert.deepEqual([await isDone(running), waits()], [false, false]);
  taking.resolve();
  assert.deepEqual([await isDone(running), waits()], [false, true]);
  headStartEnds();
  assert.deepEqual([await isDone(running), reusing.isLooking], [true, true]);
  // The progress is that of the download from now on.
  reusing.onLooked(2, 2);
  reusing.onTaken(TAKEN);
  assert.deepEqual(log, ['looked 1/2', 'taken']);
  recognizing.resolve();
  await new Promise(setImmediate);
  assert.deepEqual([reusing.isLooking, log.at(-1)], [false, 'reused 5/9']);
});

test('a search that ends before needs no head start', async () => {
  const { reusing, taking, recognizing, waits, log } = fixture();
  const running = reusing.run();
  taking.resolve();
  recognizing.resolve();
  assert.deepEqual([await isDone(running), waits(), log], [true, false, ['reused 5/9']]);
  reusing.done();
  assert.equal(log.length, 1, 'it is said once');
});

test('a failure before the head start ends is that of the start; a later one is told', async () => {
  const early = fixture();
  const running = early.reusing.run();
  early.taking.resolve();
  await new Promise(setImmediate);
  early.recognizing.reject(new Error('full'));
  await assert.rejects(running, /full/);
  const late = fixture();
  const begun = late.reusing.run();
  late.taking.resolve();
  await new Promise(setImmediate);
  late.headStartEnds();
  await begun;
  late.recognizing.reject(new Error('full'));
  await new Promise(setImmediate);
  assert.deepEqual(
    [early.log.filter((line) => line.startsWith('failed')), late.log.at(-1)],
    [[], 'failed Error: full'],
  );
});

test('the end of the download is the end of it, and says nothing', async () => {
  const { reusing, taking, recognizing, end, log } = fixture();
  const running = reusing.run();
  end();
  taking.resolve();
  recognizing.resolve();
  await running;
  reusing.onTaken(TAKEN);
  reusing.done();
  assert.deepEqual([log, reusing.isLooking], [[], false]);
});

test('a piece has one holder: a shard or the search', () => {
  const { reusing, ledger } = fixture();
  const shard = 1 as ShardId;
  assert.ok(reusing.claim(piece(0)));
  assert.ok(!ledger.claim(piece(0), shard) && !reusing.isMissing(piece(0)));
  assert.equal(ledger.ownerOf(piece(0)), REUSE_OWNER);
  reusing.release(piece(0));
  assert.ok(ledger.claim(piece(0), shard) && !reusing.claim(piece(0)));
  reusing.release(piece(0));
  assert.equal(ledger.ownerOf(piece(0)), shard, 'a piece of another holder is not released');
  ledger.setPriority([piece(1)], PRIORITY.skip);
  assert.ok(!reusing.isMissing(piece(1)) && !reusing.claim(piece(1)), 'nobody wants it');
  ledger.verify(piece(2));
  assert.ok(!reusing.isMissing(piece(2)) && !reusing.claim(piece(2)));
});
