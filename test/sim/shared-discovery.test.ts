/** All torrents of a session look for peers, in virtual time: one schedule of announces, one DHT node, one local discovery. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { Discovery, type DiscoveryOptions } from '../../src/main/discovery/discovery.ts';
import type { TrackerHttp } from '../../src/main/discovery/http-tracker.ts';
import { parseAnnounce } from '../../src/main/discovery/lsd-packet.ts';
import type { Need } from '../../src/main/discovery/need.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import {
  ANNOUNCES_PER_HOST_PER_S,
  LSD_ANSWER_MS,
  LSD_INTERVAL_MS,
  LSD_PACE_MS,
  MAX_ANNOUNCES_PER_HOST,
  MAX_DHT_SEARCHES,
  MAX_LSD_INFO_HASHES,
} from '../../src/shared/limits.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const TRACKER = 'http://8.8.8.8/announce';
/** Each torrent has its own port, by which the tracker of the test recognizes it. */
const FIRST_PORT = 10_000;
const BOOTSTRAP = { host: '8.8.8.8', port: 6_881 };
const LAN = { eth0: [{ address: '192.168.1.5' } as NetworkInterfaceInfo] };

/** A session with a tracker that answers in a tenth of a second, and is asked every half an hour. */
function session({ dht = false, lan = false } = {}) {
  const environment = new VirtualEnvironment();
  if (lan) environment.interfaceList = LAN;
  const bootstrap = dht ? { bootstrap: [BOOTSTRAP], isUsersChoice: false } : null;
  const shared = new SharedDiscovery({ dht: bootstrap, udp: { from: null }, environment });
  /** When each event came, in milliseconds. */
  const asked: { readonly ms: number; readonly event: string | null; readonly torrent: number }[] = [];
  const traffic = { underWay: 0, most: 0 };
  const http: TrackerHttp = {
    get: (url) => {
      const query = new URL(url).searchParams;
      const port = Number(query.get('port'));
      asked.push({ ms: environment.now(), event: query.get('event'), torrent: port - FIRST_PORT });
      traffic.underWay += 1;
      traffic.most = Math.max(traffic.most, traffic.underWay);
      return new Promise((resolve) => {
        environment.later(100, () => {
          traffic.underWay -= 1;
          const body = Buffer.from('d8:intervali1800e5:peers0:e');
          resolve({ status: 200, headers: {}, reach: 'public', body });
        });
      });
    },
  };
  const found: string[] = [];
  const discoveryOf = (torrent: number, options: Partial<DiscoveryOptions> = {}) => {
    const infoHash = Buffer.alloc(20);
    infoHash.writeUInt16BE(torrent);
    return new Discovery({
      shared,
      infoHash,
      peerId: Buffer.alloc(20),
      port: Promise.resolve(FIRST_PORT + torrent),
      named: [],
      linked: [],
      tiers: [],
      private: false,
      dht,
      nodes: [],
      lsd: lan,
      http,
      need: () => 'peers',
      progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: (peers, source) => found.push(...peers.map(({ host }) => `${torrent} ${source} ${host}`)),
      onNews: () => {},
      ...options,
    });
  };
  const ended = async (all: readonly Discovery[], stepMs = 10) => {
    const stopped = Promise.all(all.map((one) => one.stop()));
    await environment.run(3_100, stepMs);
    await stopped;
  };
  /** What is still open in a session without torrents. */
  const left = () => [
    environment.timers,
    environment.sockets,
    environment.dht.clients,
    shared.announces.counts,
  ];
  return { environment, asked, traffic, found, discoveryOf, ended, left };
}
const NOTHING = [0, 0, 0, { underWay: 0, waiting: 0 }];

test('a thousand torrents of one tracker are spread over most of a minute, and then cost one timer', async () => {
  const { environment, asked, traffic, discoveryOf, ended, left } = session();
  const all = Array.from({ length: 1_000 }, (_, i) => discoveryOf(i, { tiers: [[TRACKER]] }));
  for (const one of all) void one.start();
  await environment.run(60_000, 50);
  assert.equal(asked.length, 1_000);
  assert.ok(traffic.most <= MAX_ANNOUNCES_PER_HOST, `${traffic.most} at once`);
  for (let second = 0; second < 50; second++) {
    const inSecond = asked.filter(({ ms }) => Math.floor(ms / 1_000) === second).length;
    assert.ok(inSecond <= ANNOUNCES_PER_HOST_PER_S * (second === 0 ? 2 : 1) + 1, `${inSecond} in ${second}`);
  }
  assert.equal(environment.timers, 1, 'all of them wait for their next announce');
  // Half an hour later, each in turn.
  await environment.run(1_740_000, 10_000);
  assert.equal(asked.length, 1_000);
  await environment.run(60_000, 50);
  assert.equal(asked.filter(({ event }) => event === null).length, 1_000);
  asked.length = 0;
  await ended(all);
  assert.ok(asked.every(({ event }) => event === 'stopped'));
  assert.equal(asked.length, 300, 'as many as may be in a second and a half, twenty at once');
  assert.deepEqual(left(), NOTHING);
});

test('a single torrent is announced at once, and `completed` and `stopped` arrive', async () => {
  const { environment, asked, discoveryOf, ended, left } = session();
  const one = discoveryOf(7, { tiers: [[TRACKER]] });
  void one.start();
  await environment.run(1_000);
  one.completed();
  await ended([one]);
  assert.deepEqual(
    asked.map(({ ms, event }) => [ms, event]),
    [
      [0, 'started'],
      [1_000, 'completed'],
      [1_100, 'stopped'],
    ],
  );
  assert.deepEqual(left(), NOTHING);
});

test('a torrent without peers is announced before idle ones that came first', async () => {
  const { environment, asked, discoveryOf, ended } = session();
  const needs: Need[] = [...Array<Need>(60).fill('nothing'), 'data', 'peers'];
  const all = needs.map((need, i) => discoveryOf(i, { tiers: [[TRACKER]], need: () => need }));
  for (const one of all) void one.start();
  await environment.run(4_000);
  assert.deepEqual(
    asked.slice(ANNOUNCES_PER_HOST_PER_S, ANNOUNCES_PER_HOST_PER_S + 3).map(({ torrent }) => torrent),
    [61, 60, 20],
  );
  await ended(all);
});

test('one DHT node: a limit on searches at one time, torrents without peers first, and no search after the end', async () => {
  const { environment, found, discoveryOf, ended, left } = session({ dht: true });
  const { dht } = environment;
  dht.up.add(`${BOOTSTRAP.host} ${BOOTSTRAP.port}`);
  dht.peersOf = () => [{ host: '9.9.9.9', port: 1 }];
  assert.equal(environment.socketsOpened, 0);
  const needs: Need[] = [...Array<Need>(20).fill('nothing'), 'data', 'peers'];
  const all = needs.map((need, i) => discoveryOf(i, { need: () => need }));
  for (const one of all) void one.start();
  await environment.run(1_900);
  assert.ok(all.every(({ searching, hopeful }) => searching && hopeful));
  await environment.run(3_000);
  assert.equal(environment.socketsOpened, 2, 'one for each family');
  assert.deepEqual(dht.searched.slice(0, 6), [0, 1, 2, 3, 21, 20]);
  assert.ok(found.includes('21 dht 9.9.9.9'));
  assert.equal(dht.mostAtOnce, MAX_DHT_SEARCHES);
  assert.deepEqual(dht.announced.slice(0, 1), [[0, FIRST_PORT]]);
  // Half of them leave in the middle of their searches.
  const [some, others] = [all.slice(0, 11), all.slice(11)];
  await ended(some);
  const rest = dht.searched.length;
  await environment.run(20_000);
  assert.ok(dht.searched.slice(rest).every((torrent) => torrent > 10));
  assert.equal(environment.sockets, 2);
  await ended(others);
  assert.deepEqual(left(), NOTHING);
  assert.ok(environment.kept.some(({ host }) => host === BOOTSTRAP.host));
});

test('a magnet link that turns out to be private leaves the DHT and the local network at once', async () => {
  const { environment, found, discoveryOf, ended, left } = session({ dht: true, lan: true });
  environment.dht.up.add(`${BOOTSTRAP.host} ${BOOTSTRAP.port}`);
  environment.dht.peersOf = () => [{ host: '9.9.9.9', port: 1 }];
  const one = discoveryOf(1);
  void one.start();
  await environment.run(1_000);
  assert.equal(environment.dht.searching, 1);
  assert.equal(environment.sockets, 3);
  one.becamePrivate();
  await environment.run(20);
  assert.deepEqual([environment.sockets, environment.dht.clients, environment.dht.givenUp], [0, 0, 1]);
  const said = environment.packets.length;
  await environment.run(LSD_INTERVAL_MS * 2, 1_000);
  assert.deepEqual([found, environment.packets.length], [[], said]);
  await ended([one]);
  assert.deepEqual(left(), NOTHING);
});

test('a thousand private torrents open no socket', async () => {
  const { environment, discoveryOf, ended, left } = session({ dht: true, lan: true });
  const all = Array.from({ length: 1_000 }, (_, i) =>
    discoveryOf(i, { private: true, dht: false, lsd: false }),
  );
  for (const one of all) void one.start();
  await environment.run(10_000, 100);
  await ended(all);
  assert.equal(environment.socketsOpened, 0);
  assert.deepEqual(left(), NOTHING);
});

test('a thousand torrents come and go, with trackers, DHT and local network, and leave nothing behind', async () => {
  const { environment, discoveryOf, ended, left } = session({ dht: true, lan: true });
  environment.dht.up.add(`${BOOTSTRAP.host} ${BOOTSTRAP.port}`);
  for (let round = 0; round < 4; round++) {
    const all = Array.from({ length: 250 }, (_, i) =>
      discoveryOf(round * 250 + i, {
        tiers: [[TRACKER, 'udp://8.8.4.4:80'], ['udp://8.8.8.8:80']],
        nodes: [{ host: `1.2.${round}.${i}`, port: 1 }],
      }),
    );
    for (const one of all) void one.start();
    await environment.run(round * 2_000 + 50, 50);
    for (const one of all.slice(0, 100)) one.becamePrivate();
    await environment.run(500, 50);
    await ended(all, 100);
    assert.deepEqual(left(), NOTHING, `round ${round}`);
  }
  assert.ok(environment.packets.length > 0 && environment.dht.searched.length > 0);
});

test('local network: twenty torrents a packet, a packet a second, all of them every five minutes', async () => {
  const { environment, discoveryOf, ended, left } = session({ lan: true });
  const said = () => environment.packets.map(({ ms, bytes }) => ({ ms, ...parseAnnounce(bytes.toString()) }));
  // The torrents have two ports, and a packet has only one.
  const all = Array.from({ length: 100 }, (_, i) =>
    discoveryOf(i, { port: Promise.resolve(FIRST_PORT + (i % 2)) }),
  );
  void all[0]?.start();
  await environment.run(10);
  assert.equal(environment.packets.length, 1, 'one alone is announced at once');
  for (const one of all.slice(1)) void one.start();
  await environment.run(20_000);
  assert.equal(new Set(said().flatMap(({ infoHashes = [] }) => infoHashes)).size, 100);
  for (const [i, { bytes, to }] of environment.packets.entries()) {
    assert.ok(bytes.length <= 1_400, `${bytes.length} bytes`);
    assert.equal(to.port, 6_771);
    assert.ok((said()[i]?.infoHashes?.length ?? 0) <= MAX_LSD_INFO_HASHES);
    assert.ok(i === 0 || (said()[i]?.ms ?? 0) - (said()[i - 1]?.ms ?? 0) >= LSD_PACE_MS);
  }
  const before = environment.packets.length;
  await environment.run(LSD_INTERVAL_MS, 100);
  assert.equal(environment.packets.length - before, 6, 'three packets for each port');
  await ended(all);
  assert.deepEqual(left(), NOTHING);
});

test('local network: a new peer is answered, and again when the network is back, but not all the time', async () => {
  const { environment, found, discoveryOf, ended } = session({ lan: true });
  const [one, other] = [discoveryOf(1), discoveryOf(2)];
  void one.start();
  void other.start();
  await environment.run(2_000);
  const [first] = environment.packets;
  const words = first?.bytes.toString() ?? '';
  const hear = (text: string, address: string): void =>
    first?.answer(Buffer.from(text), { address, port: 6_771 });
  const ofPeer = words.replace(/cookie: .*/, 'cookie: x').replace(/Port: .*/, 'Port: 9');
  const before = environment.packets.length;
  hear(words, '192.168.1.5');
  hear(ofPeer, '9.9.9.9');
  hear(ofPeer.replace('x', 'y'), '192.168.1.9');
  one.networkBack(false);
  await environment.run(5_000);
  assert.deepEqual([found, environment.packets.length], [['1 lsd 192.168.1.9'], before], 'said just now');
  await environment.run(LSD_ANSWER_MS);
  hear(ofPeer, '192.168.1.9');
  hear(ofPeer, '192.168.1.9');
  await environment.run(5_000);
  assert.equal(environment.packets.length, before + 1);
  await environment.run(LSD_ANSWER_MS);
  for (let flap = 0; flap < 3; flap++) one.networkBack(false);
  other.networkBack(false);
  await environment.run(5_000);
  assert.deepEqual(
    environment.packets.slice(before).map(({ bytes }) => parseAnnounce(bytes.toString())?.port),
    [FIRST_PORT + 1, FIRST_PORT + 1, FIRST_PORT + 2],
  );
  await ended([one, other]);
});
