/** A session that asks its router, in virtual time: what trackers and programs are told, and what becomes of the port at the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FindRouter } from '../../src/main/network/nat/router.ts';
import type { TorrentEvent } from '../../src/main/session/events.ts';
import { DEFAULT_SESSION, DEFAULT_TORRENT, type SessionSettings } from '../../src/main/session/settings.ts';
import { SessionTorrent } from '../../src/main/session/torrent.ts';
import { FakeRouter } from '../support/fake-router.ts';
import { VirtualMachine } from '../support/virtual-machine.ts';
import { INFO_HASH } from '../support/virtual-shard-setup.ts';

const TRACKER = 't1.torrent1.test';
const PORT = 7_000;

/** A torrent that looks for its metadata at a tracker. `findRouter`: its searches are counted. */
function searching(findRouter: FindRouter, more: Partial<SessionSettings> = {}) {
  const settings = { ...DEFAULT_SESSION, shards: 1, hashers: 1, dht: false, lsd: false, port: PORT, ...more };
  const machine = new VirtualMachine({ settings, use: { downloads: true, torrents: 1 }, seed: 1 });
  let searches = 0;
  machine.findRouter = (signal) => {
    searches += 1;
    return findRouter(signal);
  };
  machine.trackers.add(TRACKER, { kind: 'good', peers: [], untilMs: 0 });
  const { session } = machine.current;
  const hashes = { v1: INFO_HASH, v2: null };
  const magnet = { hashes, name: null, peers: [], webSeeds: [], select: [], passedOver: [] };
  const trackers = [`http://${TRACKER}/announce`];
  const waits = { ...DEFAULT_TORRENT, firstUnchokeTimeout: 0, idleTimeout: 0 };
  const torrent = new SessionTorrent({ kind: 'magnet', magnet: { ...magnet, trackers } }, waits, session);
  const events: TorrentEvent[] = [];
  torrent.on((event) => events.push(event));
  torrent.begin();
  const { loop } = machine;
  /** Resolves to the milliseconds that the end took. */
  const end = async (): Promise<number> => {
    const from = loop.time.now();
    let at = Number.POSITIVE_INFINITY;
    const ended = torrent
      .remove()
      .then(() => session.close())
      .then(() => {
        at = loop.time.now();
      });
    await loop.run(from + 10_000);
    await ended;
    assert.deepEqual([machine.left, machine.bugs], [[], []]);
    return at - from;
  };
  const mapped = () => events.filter(({ type }) => type.endsWith('mapped'));
  const told = () => machine.trackers.asked.map(({ event, port }) => [event, port]);
  return { machine, loop, mapped, told, end, searches: () => searches };
}

test('trackers are told the port of the router, programs what was opened, and the end closes it', async () => {
  const router = new FakeRouter();
  router.answer = async ({ lifetimeMs }) => ({ externalPort: 50_000, lifetimeMs });
  const { loop, mapped, told, end } = searching(async () => router, { nat: true });
  await loop.run(10_000);
  const port = router.wishes[0]?.port;
  assert.deepEqual(mapped(), [
    {
      type: 'port-mapped',
      port,
      externalPort: 50_000,
      address: '93.184.216.34',
      protocol: 'nat-pmp',
      transports: ['tcp', 'udp'],
    },
  ]);
  // The first announce waits for nothing.
  assert.deepEqual(told(), [['started', port]]);
  await loop.run(3_700_000);
  assert.deepEqual(told().at(-1), ['', 50_000]);
  assert.equal(router.wishes.length, 6, 'renewed twice');
  await end();
  assert.deepEqual(told().at(-1), ['stopped', 50_000]);
  assert.deepEqual(
    router.removed.map(({ transport, externalPort }) => [transport, externalPort]),
    [
      ['tcp', 50_000],
      ['udp', 50_000],
    ],
  );
});

test('without a router that helps, everything is as before, and the reason is told', async () => {
  const { loop, mapped, told, end } = searching(() => Promise.reject(new Error('no route')), {
    nat: true,
    utp: false,
  });
  await loop.run(10_000);
  assert.equal(mapped().length, 1);
  assert.deepEqual(
    { ...mapped()[0], port: 0 },
    { type: 'port-not-mapped', port: 0, cause: 'failed', reason: 'Error: no route' },
  );
  assert.equal(told().length, 1);
  await end();
});

test('a router that never answers delays nothing, and the end by a moment only', async () => {
  const router = new FakeRouter();
  router.answer = () => new Promise(() => {});
  router.onUnmap = () => new Promise(() => {});
  const { loop, mapped, told, end } = searching(async () => router, { nat: true });
  await loop.run(10_000);
  assert.deepEqual([told().length, mapped().length], [1, 0]);
  const ms = await end();
  assert.ok(ms < 4_000, `${ms} ms`);
});

test('the router is asked only with nat: true, never with a proxy, an address or without a port', async () => {
  const router = new FakeRouter();
  for (const more of [
    { nat: null },
    { nat: false },
    { nat: true, proxy: 'socks5://127.0.0.1:1' },
    { nat: true, interface: '127.0.0.1' },
    { nat: true, port: null },
  ]) {
    const { loop, mapped, searches, end } = searching(async () => router, more);
    await loop.run(10_000);
    assert.deepEqual([searches(), mapped()], [0, []], JSON.stringify(more));
    await end();
  }
});

test('after a sleep the tracker and the router are asked at once', async () => {
  const router = new FakeRouter();
  const { machine, loop, told, end } = searching(async () => router, { nat: true });
  await loop.run(100_000);
  assert.deepEqual([told().length, router.wishes.length], [1, 2]);
  machine.sleptMs = 8 * 3_600_000;
  await loop.run(110_000);
  assert.deepEqual([told().length, router.wishes.length], [2, 4]);
  machine.sleptMs -= 3_600_000;
  await loop.run(120_000);
  assert.deepEqual([told().length, router.wishes.length], [2, 4], 'the clock was only set back');
  await end();
});
