/** The library in the process of the test: it ends what it started, and changes nothing else in the process. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type DownloadOptions, download, Failure, type TorrentEvent } from '../../src/main/index.ts';
import { temporaryFolder } from '../support/cli.ts';
import { checkEvent } from '../support/event-schema.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { assertPayload, withSwarm } from '../support/swarm-fixture.ts';

checkLeaksAtEnd();
const MIB = 2 ** 20;
const folder = temporaryFolder();
/** Nothing that leaves this machine, and at most two threads of each kind. */
const AT_HOME: DownloadOptions = {
  dht: false,
  lsd: false,
  utp: false,
  shards: 2,
  hashers: 2,
  journalKey: join(folder, 'journal.key'),
};

function typesOf(events: readonly TorrentEvent[]): string[] {
  return [...new Set(events.map(({ type }) => type))];
}

/** What `work` writes to stdout and stderr, and the signals and process events on which it leaves a listener. */
async function traces(work: () => Promise<void>): Promise<string[]> {
  const found: string[] = [];
  const counts = () => process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`);
  const before = counts();
  const during: string[][] = [];
  const timer = setInterval(() => during.push(counts()), 20);
  const writes = (['stdout', 'stderr'] as const).map((name) => {
    const { write } = process[name];
    process[name].write = ((chunk: string | Uint8Array) => {
      found.push(`${name}: ${String(chunk)}`);
      return true;
    }) as typeof write;
    return () => {
      process[name].write = write;
    };
  });
  try {
    await work();
  } finally {
    clearInterval(timer);
    for (const restore of writes) restore();
  }
  for (const names of [...during, counts()]) found.push(...names.filter((one) => !before.includes(one)));
  return found;
}

test('a download resolves when it is complete, reports events of the schema, and changes nothing in the process', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: 2 * MIB, rate: MIB }, async (torrent) => {
    const events: TorrentEvent[] = [];
    const output = join(folder, 'a');
    const found = await traces(async () => {
      const done = await download(torrent, {
        ...AT_HOME,
        output,
        onEvent: (event) => void events.push(event),
      });
      assertPayload(torrent, done.path);
      assert.equal(done.bytes, 2 * MIB);
      assert.equal(done.downloaded, done.bytes);
      assert.equal(process.exitCode, undefined);
    });
    assert.deepEqual(found, []);
    for (const event of events) checkEvent({ v: 1, ...event });
    assert.deepEqual(typesOf(events).sort(), [
      'complete',
      'first-unchoke',
      'listening',
      'metadata',
      'progress',
    ]);
    assert.equal(events.at(-1)?.type, 'complete');
    const again = await download(torrent, { ...AT_HOME, output });
    assert.equal(again.downloaded, 0);
  }));

test('a signal ends it with its reason as the cause, and the next call resumes', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: 2 * MIB, rate: MIB }, async (torrent) => {
    const output = join(folder, 'b');
    const stop = new AbortController();
    const onEvent = (event: TorrentEvent): void => {
      if (event.type === 'progress' && event.bytes > 0) stop.abort(new Error('enough'));
    };
    await assert.rejects(download(torrent, { ...AT_HOME, output, signal: stop.signal, onEvent }), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, 'interrupted');
      assert.equal((error.cause as Error).message, 'enough');
      return true;
    });
    const done = await download(torrent, { ...AT_HOME, output });
    assert.ok(done.downloaded < done.bytes, 'what was verified is downloaded again');
    assertPayload(torrent, done.path);
  }));

for (const [what, seed] of [
  ['until a goal is reached', { ratio: null, time: 300 }],
  ['until its signal aborts', { ratio: null, time: null }],
] as const)
  test(`with seed it gives the torrent to peers ${what}, and only then resolves`, { timeout: 60_000 }, () =>
    withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
      const events: TorrentEvent[] = [];
      const stop = new AbortController();
      const onEvent = (event: TorrentEvent): void => {
        events.push(event);
        if (seed.time === null && event.type === 'progress' && 'work' in event && event.work === 'seeding')
          stop.abort();
      };
      const output = join(folder, `given ${what}`);
      const done = await download(torrent, { ...AT_HOME, output, seed, signal: stop.signal, onEvent });
      assertPayload(torrent, done.path);
      const last = events.at(-1);
      assert.equal(last?.type, 'seeded');
      assert.ok(last.type === 'seeded' && last.ms >= (seed.time ?? 0));
      assert.deepEqual(
        readdirSync(output).filter((name) => name.endsWith('.lock')),
        [],
      );
    }),
  );

test('with a signal that is already aborted, nothing starts', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(download(join(folder, 'none.torrent'), { signal }), { code: 'interrupted' });
});

test('a signal that aborts while the source is read also ends the download, and no listener stays on it', () =>
  withSwarm(folder, { peers: 1, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    const stop = new AbortController();
    const ends = download(torrent, { ...AT_HOME, output: join(folder, 'early'), signal: stop.signal });
    stop.abort();
    await assert.rejects(ends, { code: 'interrupted' });
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
  }));

test('two at one time, one from bytes and one from a file URL, do not disturb each other; a signal with many listeners gives no warning', () =>
  withSwarm(folder, { peers: 6, mix: 'seeds', payloadBytes: MIB }, (first) =>
    withSwarm(folder, { peers: 6, mix: 'seeds', seed: 2, payloadBytes: MIB }, async (second) => {
      const output = join(folder, 'c');
      const { signal } = new AbortController();
      for (let i = 0; i < 10; i++) signal.addEventListener('abort', () => {});
      const warnings: Error[] = [];
      const onWarning = (warning: Error): void => void warnings.push(warning);
      process.on('warning', onWarning);
      const done = await Promise.all([
        download(readFileSync(first), { ...AT_HOME, output, signal, shards: 1 }),
        download(pathToFileURL(second), { ...AT_HOME, output, signal, shards: 1 }),
      ]);
      assertPayload(first, done[0].path);
      assertPayload(second, done[1].path);
      process.off('warning', onWarning);
      assert.deepEqual(warnings, []);
    }),
  ));

test('an error of a listener ends the download, at the first event and at the last', () =>
  withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    for (const at of ['metadata', 'complete']) {
      const onEvent = ({ type }: TorrentEvent): void => {
        if (type === at) throw new TypeError(`mine, at ${at}`);
      };
      const expected = { name: 'TypeError', message: `mine, at ${at}` };
      await assert.rejects(download(torrent, { ...AT_HOME, output: join(folder, 'd'), onEvent }), expected);
    }
  }));

test(
  'an error of a listener at the event `complete` ends also a download that is given to peers',
  { timeout: 60_000 },
  () =>
    withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
      const onEvent = ({ type }: TorrentEvent): void => {
        if (type === 'complete') throw new TypeError('mine');
      };
      const options = { ...AT_HOME, output: join(folder, 'given'), seed: { ratio: 1, time: null }, onEvent };
      await assert.rejects(download(torrent, options), { name: 'TypeError', message: 'mine' });
    }),
);

test('failures have a stable code: no peer, time-out, not a torrent, unreadable source', () =>
  withSwarm(folder, { peers: 2, mix: 'seeds', payloadBytes: MIB }, async (torrent) => {
    const output = join(folder, 'e');
    await assert.rejects(download(torrent, { ...AT_HOME, output, trackers: false }), { code: 'no-peer' });
    const peers = [{ host: '127.0.0.1', port: 9 }];
    await assert.rejects(
      download(torrent, { ...AT_HOME, output, trackers: false, peers, firstUnchokeTimeout: 300 }),
      {
        code: 'timeout',
      },
    );
    await assert.rejects(download(new Uint8Array(9), AT_HOME), { code: 'bad-torrent' });
    await assert.rejects(download('-', AT_HOME), { code: 'bad-torrent' });
    const nothing: unknown = undefined;
    await assert.rejects(download(nothing as string, AT_HOME), { code: 'bad-torrent' });
    await assert.rejects(download(torrent, { onEvent: 'x' as never }), { code: 'usage' });
    await assert.rejects(download(join(folder, 'none.torrent'), AT_HOME), { code: 'bad-torrent' });
    await assert.rejects(download(torrent, { ...AT_HOME, output: '/proc/none' }), { code: 'disk' });
  }));
