/** The library's session in the process of the test: several torrents, pauses, removals, and nothing left behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Session,
  type SessionOptions,
  type Torrent,
  type TorrentEvent,
  type TorrentOptions,
} from '../../src/main/index.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';
import { str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const MIB = 2 ** 20;
const folder = temporaryFolder();
const AT_HOME: SessionOptions = {
  dht: false,
  lsd: false,
  utp: false,
  shards: 2,
  hashers: 1,
  port: null,
  journalKey: join(folder, 'journal.key'),
};

/** Resolves with the first event that `is` accepts. */
function heard(torrent: Torrent, is: (event: TorrentEvent) => boolean): Promise<TorrentEvent> {
  return new Promise((resolve) => {
    const off = torrent.on((event) => {
      if (!is(event)) return;
      off();
      resolve(event);
    });
  });
}

const hasSome = (event: TorrentEvent): boolean =>
  event.type === 'progress' && 'fastest' in event && event.bytes > 0;

test('two torrents in one session share its threads, and both complete; adding one again is refused', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: 2 * MIB }, (first) =>
    withSwarm(
      folder,
      { peers: 6, mix: 'seeds', seed: 2, payloadBytes: 2 * MIB, rate: MIB },
      async (second) => {
        const session = new Session({ ...AT_HOME, output: join(folder, 'two') });
        try {
          const torrents = [await session.add(first), await session.add(readFileSync(second))];
          await assert.rejects(session.add(second), { code: 'usage' });
          const events: string[] = [];
          const [one, two] = torrents as [Torrent, Torrent];
          const stream = (async () => {
            for await (const { type } of two.events()) if (events.at(-1) !== type) events.push(type);
          })();
          const results = await Promise.all(torrents.map(({ completed }) => completed));
          assertPayload(first, results[0]?.path ?? '');
          assertPayload(second, results[1]?.path ?? '');
          await stream;
          assert.deepEqual([events[0], events.at(-1)], ['metadata', 'complete']);
          assert.deepEqual([one.state, two.state], ['complete', 'complete']);
          assert.equal(one.stats.bytes, 2 * MIB);
          assert.equal(session.torrents.length, 2);
        } finally {
          await session.close();
        }
      },
    ),
  ));

test('a pause closes peers and files, and the torrent resumes with its verified data', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 4 * MIB, rate: MIB }, async (source) => {
    const session = new Session({ ...AT_HOME, output: join(folder, 'pause') });
    try {
      const torrent = await session.add(source);
      await heard(torrent, hasSome);
      await torrent.pause();
      assert.equal(torrent.state, 'paused');
      const before = torrent.stats.bytes;
      assert.ok(before > 0 && before < 4 * MIB, `${before} bytes`);
      assert.equal(torrent.stats.rate, 0);
      // The last call decides.
      const calls = [torrent.resume(), torrent.pause()];
      await Promise.all(calls);
      assert.equal(torrent.state, 'paused');
      await torrent.resume();
      const { path, downloaded } = await torrent.completed;
      assertPayload(source, path);
      assert.equal(downloaded, 4 * MIB, 'none of it twice');
    } finally {
      await session.close();
    }
  }));

test('a torrent that is removed in the middle is interrupted, and its files stay; a closed session accepts no torrent', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 4 * MIB, rate: MIB }, async (source) => {
    const output = join(folder, 'gone');
    const session = new Session({ ...AT_HOME, output });
    const torrent = await session.add(source);
    await heard(torrent, hasSome);
    await torrent.remove();
    await assert.rejects(torrent.completed, { code: 'interrupted' });
    assert.deepEqual([torrent.state, session.torrents.length], ['removed', 0]);
    assert.ok(readdirSync(output).length > 0);
    const again = await session.add(source);
    await session.close();
    await assert.rejects(again.completed, { code: 'interrupted' });
    await assert.rejects(session.add(source), { code: 'interrupted' });
  }));

test('a torrent that ended can be removed; one that is removed or paused before its start does not start', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: MIB }, async (source) => {
    const session = new Session({ ...AT_HOME, output: join(folder, 'ended') });
    try {
      const torrent = await session.add(source);
      await torrent.completed;
      await Promise.all([torrent.remove(), torrent.remove()]);
      assert.deepEqual([torrent.state, session.torrents.length], ['removed', 0]);
      const early = await session.add(torrentOf({ name: str('early') }));
      assert.equal(early.state, 'searching');
      await early.remove();
      await assert.rejects(early.completed, { code: 'interrupted' });
      assert.deepEqual([early.state, session.torrents.length], ['removed', 0]);
      const failed = await session.add(torrentOf({ name: str('failed') }), { output: source });
      await assert.rejects(failed.completed);
      const again = await session.add(torrentOf({ name: str('failed') }));
      await failed.remove();
      assert.deepEqual(session.torrents, [again], 'only the one that was removed');
      const paused = await session.add(torrentOf({ name: str('paused') }));
      await paused.pause();
      await nextTurn();
      assert.equal(paused.state, 'paused', 'it does not begin by itself');
    } finally {
      await session.close();
    }
  }));

test('ending the wait for a source is an interruption; an undefined option means that of the session', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/x.torrent`;
  const output = join(folder, 'undefined');
  const session = new Session({ ...AT_HOME, output });
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  try {
    const stop = new AbortController();
    const adds = Array.from({ length: 12 }, () => session.add(url, { signal: stop.signal }));
    await once(silent, 'request');
    stop.abort();
    for (const { status, reason } of (await Promise.allSettled(adds)) as PromiseRejectedResult[])
      assert.deepEqual([status, reason.code], ['rejected', 'interrupted']);
    const given = { output: undefined } as unknown as TorrentOptions;
    const torrent = await session.add(torrentOf({ name: str('placed') }), given);
    await assert.rejects(torrent.completed);
    assert.ok(readdirSync(output).length > 0);
    const waits = assert.rejects(session.add(url), { code: 'interrupted', message: 'the session is closed' });
    await once(silent, 'request');
    await session.close();
    await waits;
    await assert.rejects(session.add(url), { code: 'interrupted' });
    await nextTurn();
    assert.deepEqual(warnings, []);
  } finally {
    process.off('warning', onWarning);
    await session.close();
    silent.closeAllConnections();
    silent.close();
  }
});

test('with memory for one torrent, the next one waits as `queued` and then continues', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 2 * MIB, rate: MIB / 2 }, (first) =>
    withSwarm(folder, { peers: 4, mix: 'seeds', seed: 2, payloadBytes: MIB }, async (second) => {
      const session = new Session({ ...AT_HOME, output: join(folder, 'queue'), memory: 3 * 131_072 });
      try {
        const one = await session.add(first);
        await heard(one, hasSome);
        const two = await session.add(second);
        await heard(two, ({ type }) => type === 'metadata');
        await nextTurn();
        assert.deepEqual([one.state, two.state], ['downloading', 'queued']);
        await one.completed;
        const { path } = await two.completed;
        assertPayload(second, path);
      } finally {
        await session.close();
      }
    }),
  ));

test('a hundred torrents that find no peer are added and removed, and leave nothing behind', async () => {
  const session = new Session({ ...AT_HOME, trackers: false, output: join(folder, 'many') });
  try {
    const torrents = await Promise.all(
      Array.from({ length: 100 }, (_, i) => session.add(torrentOf({ name: str(`t${i}`) }))),
    );
    const ends = await Promise.allSettled(torrents.map(({ completed }) => completed));
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    assert.ok(torrents.every(({ state }) => state === 'failed'));
  } finally {
    await session.close();
  }
});

test('a file is read while it downloads: from near its end at once, and only verified bytes', () =>
  withSwarm(folder, { peers: 4, mix: 'seeds', payloadBytes: 4 * MIB, rate: MIB / 4 }, async (source) => {
    const session = new Session({ ...AT_HOME, output: join(folder, 'read') });
    try {
      const torrent = await session.add(source);
      assert.throws(() => torrent.file('x'), { code: 'usage' });
      await heard(torrent, hasSome);
      const [file] = readdirSync(join(folder, 'read')).filter((name) => !name.includes('.unchoke'));
      const start = 3 * MIB;
      const parts: Buffer[] = [];
      let bytesAtFirst = 0;
      const reader = torrent.file(file ?? '');
      for await (const part of reader.stream({ start })) {
        if (parts.length === 0) bytesAtFirst = torrent.stats.bytes;
        parts.push(part);
      }
      const { path } = await torrent.completed;
      assert.deepEqual(Buffer.concat(parts), readFileSync(path).subarray(start));
      await assert.rejects(reader.stream().toArray(), /the download is complete and closed: read the file/);
      assert.ok(bytesAtFirst < 3 * MIB, `${bytesAtFirst} bytes were there when the first of the range came`);
    } finally {
      await session.close();
    }
  }));
