/** Real storage threads and real files: several torrents on one pool that come and go, and threads that die. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import { type StorageWorld, systemStorage } from '../../src/main/pools/storage-thread.ts';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import { ThreadPool } from '../../src/main/pools/thread-pool.ts';
import { collectGarbage } from '../../src/shared/collect-garbage.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { type FullTorrent, fullTorrent, torrentId } from '../support/stored-torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const MIB = 2 ** 20;
const GRACE_MS = 3_000;

/** Files below the test's folder that are open in this process, sorted. */
function openFiles(): string[] {
  const targets = readdirSync('/proc/self/fd').map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(folder)).sort();
}

function poolFor(t: TestContext, mostOpen: number, world: StorageWorld = systemStorage): StoragePool {
  const pool = new StoragePool({ threads: 2, openFiles: mostOpen }, world);
  t.after(() => pool.close());
  return pool;
}

class Torrent {
  readonly full: FullTorrent;
  readonly path: string;
  readonly stored: StoredTorrent;
  readonly good: PieceIndex[] = [];
  readonly errors: unknown[] = [];

  constructor(pool: StoragePool, id: number, pieceCount: number, pieceLength?: number) {
    this.path = join(folder, `file ${id}`);
    this.full = fullTorrent(this.path, pieceCount, id, pieceLength);
    writeFileSync(this.path, '');
    truncateSync(this.path, this.full.content.length);
    this.stored = pool.register(torrentId(id), this.full.setup);
    this.stored.listen(
      (result) => {
        if (result.type === 'stored') this.good.push(...result.good.map(({ piece }) => piece));
      },
      (error) => this.errors.push(error),
    );
  }

  async storeAll(): Promise<void> {
    for (const piece of this.full.pieces) this.stored.store([piece]);
    await this.stored.idle();
  }

  async goodOnDisk(): Promise<number> {
    let [good, others] = [0, 0];
    await this.stored.scan('check', (result) => {
      if (result.type !== 'checked') return;
      good += result.good.length;
      others += result.bad.length + result.missing.length;
    });
    assert.equal(good + others, this.full.pieces.length);
    return good;
  }

  get isWritten(): boolean {
    return readFileSync(this.path).equals(this.full.content);
  }
}

test('two torrents store and check at the same time; one leaves, and the other continues', async (t) => {
  const pool = poolFor(t, 4);
  const [one, two] = [new Torrent(pool, 1, 300), new Torrent(pool, 2, 300)];
  const half = one.full.pieces.slice(0, 150);
  for (const [i, piece] of half.entries()) {
    one.stored.store([piece]);
    two.stored.store(two.full.pieces.slice(i, i + 1));
    if (i === 75) await Promise.all([one.goodOnDisk(), two.goodOnDisk()]);
  }
  await Promise.all([one.stored.idle(), two.stored.idle()]);
  assert.deepEqual(new Set(openFiles()), new Set([one.path, two.path]));
  two.stored.store(two.full.pieces.slice(150));
  one.stored.store(one.full.pieces.slice(150));
  await one.stored.close();
  assert.deepEqual(new Set(openFiles()), new Set([two.path]));
  const heard = one.good.length;
  await two.stored.idle();
  assert.equal(one.good.length, heard, 'nothing is heard of a torrent that is gone');
  assert.ok(two.isWritten);
  assert.equal(await two.goodOnDisk(), 300);
  await two.stored.close();
  assert.deepEqual(openFiles(), []);
});

test('200 torrents that come and go leave no descriptor and no memory, not even in idle threads', async (t) => {
  let collect = (): void => {};
  const world: StorageWorld = {
    ...systemStorage,
    later: (_, work) => {
      collect = work;
      return () => {};
    },
  };
  const pool = poolFor(t, 8, world);
  const first = new Torrent(pool, 1_000, 2);
  await first.storeAll();
  const before = sharedMemory();
  const descriptors = readdirSync('/proc/self/fd').length;
  // More files are registered at one time than may be open.
  for (let round = 0; round < 10; round++) await comeAndGo(pool, 20 * round);
  assert.ok(openFiles().every((path) => path === first.path));
  assert.ok(readdirSync('/proc/self/fd').length <= descriptors);
  collect();
  // Threads do one task after the other, so they have collected by then.
  await first.storeAll();
  let grown = 0;
  // V8 frees what it has collected in the background.
  const deadline = performance.now() + GRACE_MS;
  do {
    await new Promise(setImmediate);
    grown = sharedMemory() - before;
  } while (grown > 4 * MIB && performance.now() < deadline);
  assert.ok(grown <= 4 * MIB, `${Math.round(grown / MIB)} MiB of the 200 MiB of their arenas are left`);
});

async function comeAndGo(pool: StoragePool, from: number): Promise<void> {
  const torrents = Array.from({ length: 20 }, (_, i) => new Torrent(pool, from + i, 2, MIB / 2));
  await Promise.all(torrents.map((torrent) => torrent.storeAll()));
  assert.ok(openFiles().length <= 2 * 8);
  for (const { good } of torrents) assert.equal(good.length, 2);
  assert.ok(torrents[0]?.isWritten);
  await Promise.all(torrents.map(({ stored }) => stored.close()));
}

/** Bytes of shared memory that this thread has allocated and that some thread still refers to. */
function sharedMemory(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

for (const [deaths, isFatal] of [
  [3, false],
  [4, true],
] as const)
  test(`a storage thread that dies ${deaths} times ${isFatal ? 'ends it for all torrents' : 'loses nothing of any torrent'}`, async (t) => {
    const left = new SharedArrayBuffer(4);
    new Int32Array(left)[0] = deaths;
    const file = new URL('../support/dying-storage.js', import.meta.url);
    const world: StorageWorld = {
      ...systemStorage,
      start: (setup) =>
        new ThreadPool({ file, threads: 1, between: 'sleep', workerData: { ...setup, deaths: left } }),
    };
    const pool = poolFor(t, 4, world);
    const torrents = [new Torrent(pool, 2_000 + deaths, 40), new Torrent(pool, 3_000 + deaths, 40)];
    await Promise.all(torrents.map((torrent) => torrent.storeAll()));
    assert.ok((new Int32Array(left)[0] ?? 0) <= 0, 'each death happened');
    for (const { errors, good, isWritten } of torrents)
      if (isFatal) assert.equal(errors.length, 1);
      else assert.deepEqual([errors.length, good.length, isWritten], [0, 40, true]);
    await Promise.all(torrents.map(({ stored }) => stored.close()));
    assert.deepEqual(openFiles(), []);
  });
