/** Torrents and storage threads in virtual time: which commands threads get, what they forget, and what a death costs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoragePool } from '../../src/main/pools/storage-pool.ts';
import type { StoredTorrent } from '../../src/main/pools/stored-torrent.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import type { StorageResult } from '../../src/shared/storage-messages.ts';
import { type FullTorrent, fullTorrent, torrentId } from '../support/stored-torrents.ts';
import { VirtualStorage } from '../support/virtual-storage.ts';

/** Large enough that each piece is a task. */
const PIECE = 4_194_304;

interface Heard {
  readonly good: PieceIndex[];
  readonly errors: unknown[];
}

class Fixture {
  readonly world = new VirtualStorage();
  readonly pool: StoragePool;

  constructor(threads = 2, openFiles = 4) {
    this.pool = new StoragePool({ threads, openFiles }, this.world);
  }

  /** Registers a torrent with its own pieces. */
  add(
    id: number,
    pieceCount: number,
    pieceLength = PIECE,
  ): { torrent: FullTorrent; stored: StoredTorrent; heard: Heard } {
    const torrent = fullTorrent(`file${id}`, pieceCount, id, pieceLength);
    this.world.disk.make(`file${id}`, torrent.content.length);
    const stored = this.pool.register(torrentId(id), torrent.setup);
    const heard: Heard = { good: [], errors: [] };
    stored.listen(
      (result: StorageResult) => {
        if (result.type === 'stored') heard.good.push(...result.good.map(({ piece }) => piece));
      },
      (error) => heard.errors.push(error),
    );
    return { torrent, stored, heard };
  }

  get logs(): readonly (readonly string[])[] {
    return this.world.threads.map(({ log }) => log);
  }

  get held() {
    return this.world.threads.map(({ worker }) => worker.held);
  }
}

const NOTHING = { torrents: 0, openFiles: 0 };

test('a thread gets the set-up of a torrent with its first task, and only then', async () => {
  const at = new Fixture();
  const [one, two] = [at.add(1, 4), at.add(2, 1)];
  one.stored.store(one.torrent.pieces);
  await at.world.run();
  two.stored.store(two.torrent.pieces);
  await at.world.run();
  assert.deepEqual(at.logs, [
    ['run 1 store +setup', 'run 1 store', 'run 2 store +setup'],
    ['run 1 store +setup', 'run 1 store'],
  ]);
  assert.deepEqual(one.heard.good, [0, 1, 2, 3]);
  assert.deepEqual(two.heard.good, [0]);
  for (const { torrent } of [one, two])
    assert.ok(at.world.disk.content(torrent.setup.files[0]?.path ?? '').equals(torrent.content));
});

test('idle threads forget an unregistered torrent at once', async () => {
  const at = new Fixture();
  const [one, two] = [at.add(1, 2), at.add(2, 2)];
  one.stored.store(one.torrent.pieces);
  two.stored.store(two.torrent.pieces);
  await at.world.run();
  assert.equal(at.world.disk.open.size, 4);
  const closed = one.stored.close();
  assert.deepEqual(
    at.logs.map((log) => log.at(-1)),
    ['forget 1', 'forget 1'],
  );
  await at.world.run();
  await closed;
  assert.deepEqual(at.held, [
    { torrents: 1, openFiles: 1 },
    { torrents: 1, openFiles: 1 },
  ]);
  assert.deepEqual([...at.world.disk.open.values()], ['write file2', 'write file2']);
  assert.throws(() => one.stored.store(one.torrent.pieces), /no longer registered/);
  two.stored.store(two.torrent.pieces);
  await at.world.run();
  assert.deepEqual(two.heard.good, [0, 1, 0, 1]);
});

test('before files are replaced, all threads close them, and learn of the torrent again with its next task', async () => {
  const at = new Fixture();
  const [one, two] = [at.add(1, 2), at.add(2, 2)];
  one.stored.store(one.torrent.pieces);
  two.stored.store(two.torrent.pieces);
  await at.world.run();
  // Twice at one time: both must end.
  const closed = Promise.all([one.stored.closeFiles(), one.stored.closeFiles()]);
  await at.world.run();
  await closed;
  assert.deepEqual([...at.world.disk.open.values()], ['write file2', 'write file2']);
  one.stored.store(one.torrent.pieces);
  await at.world.run();
  assert.deepEqual(one.heard.good, [0, 1, 0, 1]);
  assert.deepEqual(
    at.logs.map((log) => log.at(-1)),
    ['run 1 store +setup', 'run 1 store +setup'],
  );
  const last = [one.stored.closeFiles(), one.stored.close()];
  await at.world.run();
  await Promise.all(last);
  assert.deepEqual(
    at.held.map(({ torrents }) => torrents),
    [1, 1],
  );
});

test('busy time and backlog are counted per torrent', async () => {
  const at = new Fixture(1);
  at.world.cost = () => 5;
  const [one, two] = [at.add(1, 3), at.add(2, 1)];
  one.stored.store(one.torrent.pieces);
  two.stored.store(two.torrent.pieces);
  assert.deepEqual([one.stored.backlog, two.stored.backlog], [3, 1]);
  await at.world.run(() => at.world.time === 5);
  assert.deepEqual([one.stored.backlog, two.stored.backlog, one.stored.busyMs], [2, 1, 5]);
  await at.world.run();
  assert.deepEqual([one.stored.busyMs, two.stored.busyMs, at.world.time], [15, 5, 20]);
});

test('a busy thread forgets the torrent right after its task, and the result is not reported', async () => {
  const at = new Fixture(1);
  const [one, two] = [at.add(1, 3), at.add(2, 1)];
  one.stored.store(one.torrent.pieces);
  two.stored.store(two.torrent.pieces);
  let isClosed = false;
  const closed = Promise.all([one.stored.close(), one.stored.close()]).then(() => {
    isClosed = true;
  });
  await at.world.run(() => true);
  assert.equal(isClosed, false, 'a thread writes still');
  await at.world.run();
  await closed;
  assert.deepEqual(at.logs[0]?.slice(0, 3), ['run 1 store +setup', 'forget 1', 'run 2 store +setup']);
  assert.deepEqual([one.heard.good, two.heard.good], [[], [0]]);
  await one.stored.idle();
});

test('a thread that replaces a dead one gets all set-ups again, and no piece and no scan is lost', async () => {
  const at = new Fixture(1);
  const [one, two, three] = [at.add(1, 3), at.add(2, 3), at.add(3, 2)];
  const checked: PieceIndex[] = [];
  at.world.disk.content('file3').set(three.torrent.content);
  const scanned = three.stored.scan('check', (result) => {
    if (result.type === 'checked') checked.push(...result.good);
  });
  one.stored.store(one.torrent.pieces);
  two.stored.store(two.torrent.pieces);
  const [thread] = at.world.threads;
  for (let death = 0; death < 3; death++) {
    await at.world.run(() => (thread?.log.length ?? 0) >= 3 * (death + 1));
    thread?.die();
  }
  await at.world.run();
  await scanned;
  assert.deepEqual(
    [one.heard, two.heard],
    [
      { good: [0, 1, 2], errors: [] },
      { good: [0, 1, 2], errors: [] },
    ],
  );
  assert.deepEqual(checked, [0, 1]);
  const after = thread?.log.slice(9).filter((line) => line.endsWith('+setup')) ?? [];
  assert.equal(new Set(after).size, after.length, 'once for each torrent after the last death');
  assert.ok(after.length > 0);
});

test('threads that fail again and again end it for all torrents, and can be closed', async () => {
  const at = new Fixture(1);
  const [good, other] = [at.add(1, 1), at.add(2, 1)];
  // A bug of ours: pieces of a torrent that has no memory.
  const bad = at.pool.register(torrentId(3), { ...good.torrent.setup, arena: null });
  const heard: unknown[] = [];
  bad.listen(
    () => {},
    (error) => heard.push(error),
  );
  good.stored.store(good.torrent.pieces);
  await at.world.run();
  assert.deepEqual(at.held, [{ torrents: 1, openFiles: 1 }]);
  const idle = bad.idle();
  bad.store(good.torrent.pieces);
  const scanned = assert.rejects(
    other.stored.blankFiles(Array.from({ length: 640 }, () => ({ file: 0, from: 0, to: 1 }))),
    /without an arena/,
  );
  await at.world.run();
  await Promise.all([idle, scanned]);
  assert.equal(at.world.threads[0]?.log.filter((line) => line === 'run 3 store +setup').length, 4);
  assert.deepEqual(at.held, [NOTHING], 'a thread that failed knows nothing');
  assert.deepEqual([heard.length, good.heard.errors.length, other.heard.errors.length], [1, 1, 1]);
  await assert.rejects(
    other.stored.scan('check', () => {}),
    /without an arena/,
  );
  good.stored.store(good.torrent.pieces);
  await Promise.all([bad.close(), good.stored.close(), at.pool.close()]);
  assert.deepEqual(good.heard.good, [0]);
});

test('the memory of torrents that leave together is collected once, a moment later', async () => {
  const at = new Fixture();
  const all = [1, 2, 3].map((id) => at.add(id, 2));
  for (const { stored, torrent } of all) stored.store(torrent.pieces);
  await at.world.run();
  const closed = all.map(({ stored }) => stored.close());
  await at.world.run();
  await Promise.all(closed);
  assert.deepEqual(
    at.world.threads.map(({ collections }) => collections),
    [1, 1],
  );
  const last = at.add(4, 1);
  last.stored.store(last.torrent.pieces);
  await at.world.run();
  void last.stored.close();
  assert.equal(at.world.waiting, 1);
  await at.pool.close();
  assert.equal(at.world.waiting, 0, 'no timer is left');
});

test('a thousand torrents that come and go leave nothing with any thread', async () => {
  const at = new Fixture(2, 4);
  for (let id = 1; id <= 1_000; id++) {
    const { stored, torrent } = at.add(id, 1, 16_384);
    stored.store(torrent.pieces);
    const blank = stored.blankFiles([{ file: 0, from: 0, to: 1 }]);
    if (id % 3 === 0) await at.world.run(() => true);
    const closed = id % 2 === 0 ? stored.idle().then(() => stored.close()) : stored.close();
    await at.world.run();
    await Promise.all([closed, blank]);
  }
  assert.deepEqual(at.held, [NOTHING, NOTHING]);
  assert.deepEqual([at.world.disk.open.size, at.world.disk.holders.size], [0, 0]);
});

test('a long scan of one torrent lets the pieces of another through', async () => {
  const at = new Fixture(2);
  at.world.cost = (command) => (command.type === 'run' && command.task.type === 'look' ? 16 : 4);
  const [large, small] = [at.add(1, 1, 16_384), at.add(2, 2)];
  const scanned = large.stored.blankFiles(
    Array.from({ length: 64_000 }, () => ({ file: 0, from: 0, to: 1 })),
  );
  await at.world.run(() => at.world.time >= 160);
  small.stored.store(small.torrent.pieces);
  const came = at.world.time;
  await at.world.run(() => small.heard.good.length === 2);
  assert.ok(at.world.time - came <= 16 + 4, `${at.world.time - came} ms`);
  const closed = large.stored.close();
  assert.deepEqual(await scanned, new Set([0]), 'a scan of a torrent that is closed ends where it is');
  await at.world.run();
  await closed;
  assert.ok(at.world.time < 1_500, 'and not at its end');
});

test('closing the pool ends all work that waits', async () => {
  const at = new Fixture(1);
  const { stored, torrent, heard } = at.add(1, 3);
  assert.throws(() => at.pool.register(torrentId(1), torrent.setup), /already/);
  stored.store(torrent.pieces);
  const waiting = Promise.all([
    stored.idle(),
    stored.blankFiles([{ file: 0, from: 0, to: 1 }]),
    stored.close(),
  ]);
  await at.pool.close();
  await waiting;
  assert.deepEqual([heard.good, at.world.threads[0]?.ended], [[], true]);
  assert.throws(() => at.pool.register(torrentId(2), torrent.setup), /ended/);
});
