/** A lease: until when a job of a queue may write, on two clocks, in all threads. */
import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { test } from 'node:test';
import { LeaseKeeper } from '../../src/main/fleet/lease-keeper.ts';
import { leasedFiles } from '../../src/main/storage/leased-files.ts';
import { SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { Lease, type Moment } from '../../src/shared/lease.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
const refused = { code: 'LEASE' };

/** A clock of a test: monotonic and calendar go apart. */
function clocks(): { now: () => Moment; monotonic: number; calendar: number } {
  const at = { monotonic: 1_000, calendar: 5_000_000, now: (): Moment => ({ ...at }) };
  return at;
}

test('nothing may be written before the first confirmation, and after the end of either clock', () => {
  for (const late of ['monotonic', 'calendar'] as const) {
    const at = clocks();
    const lease = new Lease(Lease.allocate(), at.now);
    assert.throws(() => lease.assert(), refused);
    assert.ok(lease.extend(at.now(), 500));
    at[late] += 499;
    lease.assert();
    at[late] += 1;
    assert.throws(() => lease.assert(), refused);
    assert.equal(lease.refused, 2);
  }
});

test('a lease that has ended stays ended, also if the calendar is set back or the queue confirms it too late', () => {
  const at = clocks();
  const lease = new Lease(Lease.allocate(), at.now);
  lease.extend(at.now(), 500);
  at.calendar += 600;
  assert.ok(lease.isOver);
  at.calendar -= 600;
  assert.ok(lease.isOver);
  assert.equal(lease.extend(at.now(), 500), false);
  assert.throws(() => lease.assert(), refused);
});

test('all threads see the same memory', () => {
  const at = clocks();
  const main = new Lease(Lease.allocate(), at.now);
  const thread = new Lease(main.memory, at.now);
  main.extend(at.now(), 500);
  thread.assert();
  main.end();
  assert.throws(() => thread.assert(), refused);
  assert.equal(main.refused, 1);
});

test('files under a lease: every change is refused when it is over, and reading goes on', async () => {
  const at = clocks();
  const lease = new Lease(Lease.allocate(), at.now);
  lease.extend(at.now(), 500);
  const files = leasedFiles(SYSTEM_FILES, lease);
  const path = `${folder}/data`;
  const NEW = constants.O_RDWR | constants.O_CREAT;
  const descriptor = files.open(path, NEW, 0o666);
  files.write(descriptor, Buffer.from('before'), 0, 6, 0);
  at.monotonic += 500;
  const bytes = Buffer.from('after!');
  const changes: readonly (() => unknown)[] = [
    () => files.open(path, constants.O_WRONLY),
    () => files.open(`${folder}/new`, NEW),
    () => files.write(descriptor, bytes, 0, 6, 0),
    () => files.ftruncate(descriptor, 0),
    () => files.chmod(descriptor, 0o600),
    () => files.touch(descriptor),
    () => files.mkdir(`${folder}/inner`),
    () => files.link(path, `${folder}/link`),
    () => files.symlink(path, `${folder}/link`),
    () => files.rename(path, `${folder}/other`),
    () => files.unlink(path),
  ];
  for (const change of changes) assert.throws(change, refused);
  const slow: readonly (() => Promise<unknown>)[] = [
    () => files.slow.open(path, constants.O_RDWR),
    () => files.slow.write(descriptor, bytes, 0),
    () => files.slow.clone(path, `${folder}/other`),
    () => files.slow.rename(path, `${folder}/other`),
    () => files.slow.unlink(path),
  ];
  for (const change of slow) await assert.rejects(change, refused);
  assert.equal(lease.refused, changes.length + slow.length);
  assert.equal(files.readWhole(files.open(path, constants.O_RDONLY)).toString(), 'before');
  files.close(descriptor);
});

/** A keeper over a queue that answers as the test says; `tick` is one interval. */
function kept(answers: readonly (boolean | 'away' | 'late')[]) {
  const at = clocks();
  const left = [...answers];
  const lost: string[] = [];
  let tick = (): void => {};
  let ended = false;
  const keeper = new LeaseKeeper({
    job: {
      renew: async () => {
        const answer = left.shift() ?? true;
        if (answer === 'away') throw new Error('the server is away');
        if (answer === 'late') at.monotonic += 2_000;
        return answer !== false;
      },
    },
    lockMs: 3_000,
    now: at.now,
    every: (_ms, work) => {
      tick = work;
      return () => {
        ended = true;
      };
    },
    onLost: (reason) => lost.push(reason),
  });
  const step = async (ms: number): Promise<void> => {
    at.monotonic += ms;
    at.calendar += ms;
    tick();
    await new Promise(setImmediate);
  };
  return { at, keeper, lost, step, isEnded: () => ended };
}

test('the lease lasts two thirds of the lock from the moment at which the renewal was sent', async () => {
  const { at, keeper, lost } = kept([true]);
  assert.ok(await keeper.begin());
  at.monotonic += 1_999;
  keeper.lease.assert();
  at.monotonic += 1;
  assert.throws(() => keeper.lease.assert(), refused);
  assert.deepEqual(lost, []);
});

test('a short outage of the server is survived, a long one is not', async () => {
  const { keeper, lost, step, isEnded } = kept([true, 'away', 'away', true, 'away', 'away', 'away', 'away']);
  await keeper.begin();
  for (let i = 0; i < 6; i++) await step(500);
  assert.deepEqual(lost, []);
  await step(500);
  assert.deepEqual(lost, ['the queue did not confirm the lock in time']);
  assert.ok(isEnded());
  assert.ok(keeper.lease.isOver);
});

test('a process that was frozen past its lease has lost it when it wakes, before any answer of the queue', async () => {
  const { at, keeper, lost, step } = kept([true, true]);
  await keeper.begin();
  at.monotonic += 60_000;
  assert.throws(() => keeper.lease.assert(), refused);
  await step(0);
  assert.equal(lost.length, 1);
});

test('the queue has given the job to others; or it confirms so late that the lease has ended meanwhile', async () => {
  const gone = kept([false]);
  assert.equal(await gone.keeper.begin(), false);
  assert.deepEqual(gone.lost, ['the queue gave the job to others']);
  const late = kept([true, 'late']);
  await late.keeper.begin();
  await late.step(500);
  assert.deepEqual(late.lost, ['the lock was confirmed too late']);
});

test('while the queue is told that the job is complete, a renewal that finds no lock says nothing', async () => {
  const { at, keeper, lost, step } = kept([true, false]);
  await keeper.begin();
  keeper.completing();
  await step(500);
  assert.deepEqual(lost, []);
  keeper.keepForGood();
  at.monotonic += 1e9;
  keeper.lease.assert();
});

test('a renewal that is under way when the job becomes ours for good does not shorten that', async () => {
  const { at, keeper, step } = kept([true, true]);
  await keeper.begin();
  const renewed = step(500);
  keeper.keepForGood();
  await renewed;
  at.monotonic += 1e9;
  keeper.lease.assert();
});

test('a complete job is ours for good', async () => {
  const { at, keeper } = kept([true]);
  await keeper.begin();
  keeper.keepForGood();
  at.monotonic += 1e9;
  keeper.lease.assert();
});
