/** The router forwards a port of its IPv4 address. Peers, trackers and nodes over IPv4 are told that port, and those over IPv6 only our own. In virtual time. */
import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { Discovery } from '../../src/main/discovery/discovery.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const OURS = 6_881;
const OF_ROUTER = 50_000;
const NODES = [
  { host: '8.8.8.8', port: 6_881 },
  { host: '2001:4860::8', port: 6_881 },
];
const SIX = { address: '2a00:1450::5', family: 'IPv6', internal: false } as NetworkInterfaceInfo;
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  'four.example': ['8.8.8.1'],
  'six.example': ['2001:4860::1'],
  'both.example': ['8.8.8.2', '2001:4860::2'],
};

/** What trackers and nodes were told: "host family port". `router`: it forwards a port. */
async function told(trackers: readonly string[], { router = true, dht = false } = {}): Promise<string[]> {
  const environment = new VirtualEnvironment();
  environment.interfaceList = { eth0: [SIX] };
  environment.addressesOf = (host) => ADDRESSES[host] ?? [host];
  const heard: string[] = [];
  environment.onPacket = ({ bytes, to, answer }) => {
    const [action, transaction] = [bytes.subarray(8, 12), bytes.subarray(12, 16)];
    if (action.readUInt32BE() === 0) return answer(Buffer.concat([action, transaction, Buffer.alloc(8, 1)]));
    heard.push(`${to.address} ${bytes.readUInt16BE(96)}`);
    answer(Buffer.concat([action, transaction, Buffer.from([0, 0, 7, 8]), Buffer.alloc(8)]));
  };
  const shared = new SharedDiscovery({
    dht: dht ? { bootstrap: NODES, isUsersChoice: true } : null,
    udp: { from: null },
    environment,
  });
  const discovery = new Discovery({
    shared,
    infoHash: Buffer.alloc(20),
    peerId: Buffer.alloc(20),
    port: Promise.resolve(OURS),
    externalPort: () => (router ? OF_ROUTER : null),
    named: [],
    linked: [],
    tiers: trackers.map((url) => [url]),
    private: false,
    dht,
    nodes: [],
    lsd: false,
    http: {
      get: async (url, { family }) => {
        const { hostname, searchParams } = new URL(url);
        heard.push(`${hostname} ${family ?? 'any'} ${searchParams.get('port')}`);
        return {
          status: 200,
          headers: {},
          reach: 'public',
          body: Buffer.from('d8:intervali1800e5:peers0:e'),
        };
      },
    },
    need: () => 'peers',
    progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    onPeers: () => {},
    onNews: () => {},
  });
  for (const { host, port } of NODES) environment.dht.up.add(`${host} ${port}`).add(`240.0.0.0 ${port}`);
  void discovery.start();
  await environment.run(5_000);
  heard.push(...environment.dht.announced.map(([, port]) => `node ${port}`));
  const ended = discovery.stop();
  await environment.run(4_000);
  await ended;
  return heard.slice(0, heard.length / (trackers.length === 0 ? 1 : 2));
}

test('trackers are told the port of the router over IPv4, and ours over IPv6', async () => {
  for (const scheme of ['http', 'udp'] as const) {
    const asked = (host: string, more = {}) =>
      told([`${scheme}://${host}:80/announce`], more).then((all) => all.map((one) => one.split(' ').at(-1)));
    assert.deepEqual(await asked('four.example'), [`${OF_ROUTER}`]);
    assert.deepEqual(await asked('six.example'), [`${OURS}`]);
    assert.deepEqual(await asked('both.example'), [`${OF_ROUTER}`, `${OURS}`]);
    assert.deepEqual(await asked('[2001:4860::7]'), [`${OURS}`]);
    assert.deepEqual(await asked('[::ffff:8.8.8.7]'), [`${OF_ROUTER}`], 'an IPv4 address in IPv6 form');
    assert.deepEqual(await asked('both.example', { router: false }), [`${OURS}`, `${OURS}`]);
  }
});

test('a tracker of one family is asked without a choice, so that it may redirect to the other', async () => {
  assert.deepEqual(await told(['http://six.example/announce']), [`six.example any ${OURS}`]);
});

test('DHT nodes are told the port of the router over IPv4, and ours over IPv6', async () => {
  assert.deepEqual((await told([], { dht: true })).sort(), [`node ${OF_ROUTER}`, `node ${OURS}`].sort());
});
