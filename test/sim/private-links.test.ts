/** A magnet link turns out to be private (BEP 27), in virtual time: one tracker gives peers, and the others hear that we left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnnounceEvent } from '../../src/main/discovery/announce.ts';
import { BothSwarms } from '../../src/main/discovery/both-swarms.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const NODE = { host: '8.8.8.8', port: 6_881 };
const V1 = Buffer.alloc(20, 0x41);
const V2 = Buffer.alloc(32, 0x42);
/** When each tracker answers. */
type Delays = Readonly<Record<string, number>>;

/** The link names these trackers, each in a tier of its own. */
function link(delays: Delays) {
  const environment = new VirtualEnvironment();
  environment.dht.up.add(`${NODE.host} ${NODE.port}`);
  const shared = new SharedDiscovery({
    dht: { bootstrap: [NODE], isUsersChoice: true },
    udp: { from: null },
    environment,
  });
  const [asked, peers]: [string[], string[]] = [[], []];
  const swarms = new BothSwarms(
    {
      shared,
      peerId: Buffer.alloc(20),
      port: Promise.resolve(6_881),
      named: [],
      linked: [],
      tiers: Object.keys(delays).map((name) => [`http://${name}/announce`]),
      private: false,
      dht: true,
      nodes: [],
      lsd: true,
      http: {
        get: (url) => {
          const { hostname, searchParams, search } = new URL(url);
          const event = (searchParams.get('event') ?? 'none') as AnnounceEvent;
          asked.push(`${hostname} ${search.includes('info_hash=AAAA') ? 'v1' : 'v2'} ${event}`);
          const peer = [...hostname.split('.').map(Number), 0, 80];
          const body = Buffer.concat([Buffer.from('d5:peers6:'), Buffer.from(peer), Buffer.from('e')]);
          const answer = { status: 200, headers: {}, reach: 'public', body } as const;
          return new Promise((resolve) => environment.later(delays[hostname] ?? 0, () => resolve(answer)));
        },
      },
      need: () => 'peers',
      progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: (found, source) => peers.push(...found.map(({ host }) => `${host} from ${source}`)),
      onNews: () => {},
    },
    { v1: V1, v2: null },
  );
  const end = async (): Promise<void> => {
    const ended = swarms.stop();
    await environment.run(4_000);
    await ended;
    assert.deepEqual([environment.sockets, environment.timers], [0, 0]);
  };
  return { environment, asked, peers, swarms, end };
}

test('a tracker that answers late gives no peers and hears that we left, but the one that we ask again stays', async () => {
  const { environment, asked, peers, swarms, end } = link({
    '9.0.0.1': 2_000,
    '9.0.0.2': 100,
    '9.0.0.3': 3_000,
  });
  void swarms.start();
  await environment.run(1_000);
  assert.deepEqual(peers, ['9.0.0.2 from http://9.0.0.2/announce']);
  peers.length = asked.length = 0;
  swarms.metadataKnown({ v1: V1, v2: null }, true);
  await environment.run(10_000);
  assert.deepEqual(asked, ['9.0.0.1 v1 stopped', '9.0.0.3 v1 stopped']);
  assert.deepEqual(peers, []);
  asked.length = 0;
  await end();
  assert.deepEqual(asked, ['9.0.0.2 v1 stopped']);
});

test('if none has answered yet, the first is asked alone, and its late answer is no reason to leave it', async () => {
  const { environment, asked, peers, swarms, end } = link({ '9.0.0.1': 2_000, '9.0.0.2': 2_500 });
  void swarms.start();
  await environment.run(1_000);
  asked.length = 0;
  swarms.metadataKnown({ v1: V1, v2: null }, true);
  await environment.run(10_000);
  assert.deepEqual(asked, ['9.0.0.1 v1 started', '9.0.0.2 v1 stopped']);
  assert.deepEqual([...new Set(peers)], ['9.0.0.1 from http://9.0.0.1/announce']);
  asked.length = 0;
  await end();
  assert.deepEqual(asked, ['9.0.0.1 v1 stopped']);
});

test('the second hash of a private hybrid is announced to one tracker, and nowhere else', async () => {
  const { environment, asked, swarms, end } = link({ '9.0.0.1': 10, '9.0.0.2': 10, '9.0.0.3': 10 });
  void swarms.start();
  await environment.run(1_000);
  asked.length = 0;
  const searched = environment.dht.searched.length;
  assert.ok(searched > 0);
  swarms.metadataKnown({ v1: V1, v2: V2 }, true);
  await environment.run(60_000);
  assert.deepEqual(
    asked.filter((one) => one.includes('v2')),
    ['9.0.0.1 v2 started'],
  );
  assert.deepEqual([environment.dht.searched.length, environment.sockets], [searched, 0]);
  await end();
});

test('the second hash of a hybrid that is not private is announced to all', async () => {
  const { environment, asked, swarms, end } = link({ '9.0.0.1': 10, '9.0.0.2': 10 });
  void swarms.start();
  await environment.run(1_000);
  swarms.metadataKnown({ v1: V1, v2: V2 }, false);
  await environment.run(5_000);
  assert.deepEqual(
    asked.filter((one) => one.includes('v2')),
    ['9.0.0.1 v2 started', '9.0.0.2 v2 started'],
  );
  assert.ok(environment.dht.searched.includes(0x4242));
  await end();
});
