/** Two processes cannot use one place, and the lock of a killed process blocks no other. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Failure } from '../../src/main/failure.ts';
import type { Fence } from '../../src/main/storage/lock-owner.ts';
import { type LockHooks, OutputLock } from '../../src/main/storage/output-lock.ts';
import { type FileSystem, SYSTEM_FILES } from '../../src/shared/file-system.ts';
import { Folder, systemError } from '../../src/shared/folder.ts';
import {
  LOCK_INTERVAL_MS,
  LOCK_LOOK_MS,
  LOCK_STALE_MS,
  LOCK_TOUCHES_PER_LOOK,
} from '../../src/shared/limits.ts';
import { temporaryFolder } from '../support/cli.ts';
import { GlobalTimers } from '../support/global-timers.ts';

const folder = temporaryFolder();
const HOOKS: LockHooks = {
  wait: () => assert.fail('no owner is waited for'),
  onWait: () => assert.fail('no owner is waited for'),
  onLost: () => assert.fail('it is not lost'),
};

function place(name: string, files: FileSystem = SYSTEM_FILES) {
  const path = join(folder, name);
  mkdirSync(path);
  return { path: join(path, 'lock'), folder: Folder.open(path, files) };
}

/** A lock as its owner would have written it, except for what a test changes. */
async function ownerOf(changes: object): Promise<string> {
  const at = place(`owner ${readdirSync(folder).length}`);
  const lock = await OutputLock.take(at.folder, 'lock', HOOKS);
  const owner = JSON.parse(readFileSync(at.path, 'utf8')) as object;
  lock.release();
  return `${JSON.stringify({ ...owner, ...changes })}\n`;
}

const dead = (): number => spawnSync(process.execPath, ['--version']).pid;

test('one run has it, the next one learns which process; after the release it is free and nothing is left', async () => {
  const at = place('two');
  const first = await OutputLock.take(at.folder, 'lock', HOOKS);
  await assert.rejects(OutputLock.take(at.folder, 'lock', HOOKS), (error: Failure) => {
    assert.equal(error.exitStatus, 5);
    return error.message.includes(`(process ${process.pid}) is downloading to this place`);
  });
  first.release();
  (await OutputLock.take(at.folder, 'lock', HOOKS)).release();
  assert.deepEqual(readdirSync(at.folder.path), []);
});

test('a dead process, or another one with its number, has no lock', async () => {
  for (const changes of [{ pid: dead() }, { started: '1' }]) {
    const at = place(`stale ${Object.keys(changes)}`);
    writeFileSync(at.path, await ownerOf(changes));
    const lock = await OutputLock.take(at.folder, 'lock', HOOKS);
    await assert.rejects(OutputLock.take(at.folder, 'lock', HOOKS), /is downloading to this place/);
    lock.release();
    assert.deepEqual(readdirSync(at.folder.path), []);
  }
});

test('an owner on another system lives while it touches its lock; otherwise it is gone after a while', async () => {
  const text = await ownerOf({ system: 'elsewhere' });
  for (const [touchedAt, lives] of [
    [5_000, true],
    [LOCK_STALE_MS + 1, false],
  ] as const) {
    const at = place(`elsewhere ${touchedAt}`);
    writeFileSync(at.path, text);
    let waited = 0;
    const news: string[] = [];
    const hooks: LockHooks = {
      ...HOOKS,
      onWait: (line) => news.push(line),
      wait: async (ms) => {
        assert.equal(ms, LOCK_LOOK_MS);
        waited += ms;
        if (waited === touchedAt) utimesSync(at.path, 1, 1);
      },
    };
    const taken = OutputLock.take(at.folder, 'lock', hooks);
    if (lives) await assert.rejects(taken, /is downloading to this place/);
    else (await taken).release();
    assert.equal(waited, lives ? touchedAt : LOCK_STALE_MS);
    assert.equal(news.length, 1);
  }
});

test('an empty lock is from a process that was killed at its start: wait, then take it', async () => {
  const at = place('empty');
  writeFileSync(at.path, '');
  const lock = await OutputLock.take(at.folder, 'lock', { ...HOOKS, onWait: () => {}, wait: async () => {} });
  assert.notEqual(readFileSync(at.path, 'utf8'), '');
  lock.release();
});

test('a file that is not a lock stays, and the run says so', async () => {
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'precious');
  for (const [name, lay] of [
    ['text', (path: string) => writeFileSync(path, 'my own')],
    ['json', (path: string) => writeFileSync(path, '{"lock":2}')],
    ['link', (path: string) => symlinkSync(victim, path)],
    ['dangling', (path: string) => symlinkSync(join(folder, 'nowhere'), path)],
    ['folder', (path: string) => mkdirSync(path)],
  ] as const) {
    const at = place(`foreign ${name}`);
    lay(at.path);
    await assert.rejects(
      OutputLock.take(at.folder, 'lock', HOOKS),
      /not a lock of unchoke; move it away/,
      name,
    );
  }
  assert.deepEqual([readFileSync(victim, 'utf8'), existsSync(join(folder, 'nowhere'))], ['precious', false]);
});

test('an owner whose lock was taken over learns it, and does not touch the new one', async () => {
  const timers = new GlobalTimers();
  try {
    const at = place('lost');
    let lost: Error | null = null;
    const lock = await OutputLock.take(at.folder, 'lock', { ...HOOKS, onLost: (error) => (lost = error) });
    rmSync(at.path);
    timers.tick(LOCK_TOUCHES_PER_LOOK * LOCK_INTERVAL_MS);
    assert.equal(lost, null, 'removed by hand: no other process has it');
    const other = await OutputLock.take(at.folder, 'lock', HOOKS);
    timers.tick(LOCK_TOUCHES_PER_LOOK * LOCK_INTERVAL_MS);
    assert.match(String(lost), /another run of unchoke took over this place/);
    lock.release();
    assert.equal(existsSync(at.path), true);
    other.release();
  } finally {
    timers.restore();
  }
});

test('an owner looks rarely whose its lock is, but at once after a gap between its touches, or after one that failed', async () => {
  const timers = new GlobalTimers();
  try {
    for (const [what, touch, touches] of [
      ['it touches as it should', (now: number) => now, 3],
      ['its machine slept', (now: number) => now + LOCK_STALE_MS, 2],
      ['the calendar was set back', (now: number) => now - LOCK_STALE_MS, 2],
      ['a touch failed', () => assert.fail('no such disk'), 2],
    ] as const) {
      let [now, touched] = [0, 0];
      const at = place(what, {
        ...SYSTEM_FILES,
        touch: () => {
          touched += 1;
          now += LOCK_INTERVAL_MS;
          return touched === 2 ? touch(now) : now;
        },
      });
      let lost: Error | null = null;
      const lock = await OutputLock.take(at.folder, 'lock', { ...HOOKS, onLost: (error) => (lost = error) });
      while (touched === 0) timers.tick(LOCK_INTERVAL_MS / 10);
      rmSync(at.path);
      const other = await OutputLock.take(Folder.open(at.folder.path), 'lock', HOOKS);
      for (let i = 0; i < LOCK_TOUCHES_PER_LOOK && lost === null; i++) timers.tick(LOCK_INTERVAL_MS);
      assert.match(String(lost), /took over this place/, what);
      assert.equal(touched, touches, what);
      for (const one of [lock, other]) one.release();
    }
  } finally {
    timers.restore();
  }
});

test('a later try of the same job takes the lock from an earlier one that lives; no other run does', async () => {
  const at = place('fences');
  const take = (fence: Fence | null, hooks = HOOKS) =>
    OutputLock.take(at.folder, 'lock', hooks, undefined, fence);
  const job = 'unchoke/0c';
  const frozen = await take({ job, attempt: 2 });
  for (const fence of [null, { job, attempt: 2 }, { job, attempt: 1 }, { job: 'other/0c', attempt: 9 }])
    await assert.rejects(take(fence), /is downloading to this place/, JSON.stringify(fence));
  const later = await take({ job, attempt: 3 });
  assert.deepEqual([frozen.isOurs(), later.isOurs()], [false, true]);
  // It wakes and ends: the lock of the later one stays.
  frozen.release();
  assert.deepEqual([existsSync(at.path), later.isOurs()], [true, true]);
  later.release();
  assert.deepEqual(readdirSync(at.folder.path), []);
});

test('a try that wakes after a later one was through does not take the place for its own', async () => {
  const at = place('fences that are gone');
  const take = (attempt: number) =>
    OutputLock.take(at.folder, 'lock', HOOKS, undefined, { job: 'unchoke/0c', attempt });
  const frozen = await take(1);
  (await take(2)).release();
  assert.equal(frozen.isOurs(), false);
  frozen.release();
  assert.deepEqual(readdirSync(at.folder.path), []);
});

test('a disk that dies under a lock ends nothing: neither its touches nor its release throw, and nobody has taken it', async () => {
  const timers = new GlobalTimers();
  try {
    let failed: string[] = [];
    let isDead = false;
    const dying = <Args extends unknown[], Result>(what: string, call: (...args: Args) => Result) => {
      return (...args: Args): Result => {
        if (!isDead) return call(...args);
        failed.push(what);
        throw systemError('ENOTCONN');
      };
    };
    const { close, lstat, touch, unlink, ftruncate } = SYSTEM_FILES;
    let held = -1;
    const at = place('dead', {
      ...SYSTEM_FILES,
      lstat: dying('lstat', lstat),
      touch: dying('touch', touch),
      unlink: dying('unlink', unlink),
      ftruncate: dying('ftruncate', ftruncate),
      close: dying('close', (descriptor) => close(descriptor)),
      open: (...args) => {
        held = SYSTEM_FILES.open(...args);
        return held;
      },
    });
    const lock = await OutputLock.take(at.folder, 'lock', HOOKS);
    isDead = true;
    while (failed.length === 0) timers.tick(LOCK_INTERVAL_MS / 10);
    assert.deepEqual(failed, ['touch', 'lstat']);
    assert.equal(lock.isOurs(), true);
    failed = [];
    lock.release();
    assert.deepEqual(failed, ['lstat', 'ftruncate', 'close']);
    close(held);
  } finally {
    timers.restore();
  }
});
