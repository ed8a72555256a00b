/** Peers that are named by host names, in virtual time: names without an address, and addresses that change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Discovery, type DiscoveryOptions } from '../../src/main/discovery/discovery.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { HttpError } from '../../src/shared/http-visitor.ts';
import { NAMED_PEER_RETRY_MAX_MS, NAMED_PEER_RETRY_MS } from '../../src/shared/limits.ts';
import { LookUpError } from '../../src/shared/name-lookup.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const NAME = { host: 'peer.example', port: 6_881 };

function lab(options: Partial<DiscoveryOptions>, { proxy = false } = {}) {
  const environment = new VirtualEnvironment();
  const dns = { address: null as string | null, code: 'EAI_AGAIN', asked: [] as number[] };
  environment.addressesOf = (host) => {
    if (host !== NAME.host) return [host];
    dns.asked.push(environment.now());
    if (dns.address === null) throw new LookUpError(dns.code);
    return [dns.address];
  };
  const shared = new SharedDiscovery({ dht: null, udp: proxy ? null : { from: null }, environment });
  const [found, news]: [string[], string[]] = [[], []];
  const discovery = new Discovery({
    shared,
    infoHash: Buffer.alloc(20),
    peerId: Buffer.alloc(20),
    port: Promise.resolve(6_881),
    named: [],
    linked: [],
    tiers: [],
    private: false,
    dht: false,
    nodes: [],
    lsd: false,
    http: { get: () => Promise.reject(new Error('no tracker is asked')) },
    need: () => 'peers',
    progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
    onPeers: (peers, source) =>
      found.push(...peers.map(({ host, port }) => `${host}:${port} from ${source}`)),
    onNews: ({ kind }) => news.push(kind),
    ...options,
  });
  const end = async (): Promise<void> => {
    const asked = dns.asked.length;
    const ended = discovery.stop();
    await environment.run(4_000);
    await ended;
    assert.deepEqual([environment.timers, dns.asked.length], [0, asked], 'nothing goes on');
  };
  return { environment, dns, found, news, discovery, end };
}

for (const [what, source] of [
  ['named', 'user'],
  ['linked', 'magnet'],
] as const)
  test(`${source}: a name without an address is looked up again, less and less often, and told once`, async () => {
    for (const [code, hopeful] of [
      ['EAI_AGAIN', true],
      ['ENOTFOUND', false],
    ] as const) {
      const { environment, dns, found, news, discovery, end } = lab({ [what]: [NAME] });
      dns.code = code;
      discovery.start();
      assert.equal(discovery.searching, true);
      await environment.run(20 * NAMED_PEER_RETRY_MAX_MS, 1_000);
      assert.deepEqual([discovery.searching, discovery.hopeful], [false, hopeful]);
      const pauses = dns.asked
        .slice(1)
        .map((at, i) => Math.round((at - (dns.asked[i] ?? 0)) / 1_000) * 1_000);
      assert.deepEqual(
        pauses.slice(0, 3),
        [1, 2, 4].map((times) => times * NAMED_PEER_RETRY_MS),
      );
      assert.equal(pauses.at(-1), NAMED_PEER_RETRY_MAX_MS);
      assert.deepEqual([news, found], [['failed'], []]);
      dns.address = '8.8.8.8';
      await environment.run(NAMED_PEER_RETRY_MAX_MS + 2_000, 1_000);
      assert.deepEqual(found, [`8.8.8.8:6881 from ${source}`]);
      const asked = dns.asked.length;
      await environment.run(2 * NAMED_PEER_RETRY_MAX_MS, 1_000);
      assert.equal(dns.asked.length, asked, 'it has an address');
      await end();
    }
  });

test('when the network is back, each name is looked up at once, also one that has an address', async () => {
  const { environment, dns, found, discovery, end } = lab({ named: [NAME, { host: '9.9.9.9', port: 1 }] });
  dns.address = '8.8.8.8';
  discovery.start();
  await environment.run(100_000, 100);
  dns.address = '2001:4860::8';
  discovery.networkBack(false);
  await environment.run(1_000);
  assert.deepEqual(found, ['9.9.9.9:1 from user', '8.8.8.8:6881 from user', '2001:4860::8:6881 from user']);
  dns.address = null;
  discovery.networkBack(true);
  await environment.run(1_000);
  assert.equal(discovery.hopeful, false, 'its known addresses stay, and no other is waited for');
  dns.address = '8.8.4.4';
  await environment.run(NAMED_PEER_RETRY_MS);
  assert.equal(found.at(-1), '8.8.4.4:6881 from user', 'the name servers came back later');
  await end();
});

test('a torrent that has not begun to look for peers asks nobody when the network is back', async () => {
  const { environment, dns, found, discovery, end } = lab({
    named: [NAME],
    tiers: [['http://t.example/announce']],
    http: { get: () => Promise.reject(new HttpError('refused')) },
  });
  const asked: string[] = [];
  environment.addressesOf = (host) => {
    asked.push(host);
    return ['10.0.0.1'];
  };
  discovery.networkBack(true);
  await environment.run(2_000);
  assert.deepEqual([asked, dns.asked, found], [[], [], []]);
  discovery.start();
  await environment.run(2_000);
  assert.ok(asked.includes(NAME.host) && asked.includes('t.example'));
  await end();
});

test('names of a link that turns out to be private are looked up no longer (BEP 27); those of the user are', async () => {
  for (const [what, stays] of [
    ['linked', false],
    ['named', true],
  ] as const) {
    const { environment, dns, found, discovery, end } = lab({ [what]: [NAME] });
    discovery.start();
    await environment.run(1_000);
    discovery.becamePrivate();
    dns.address = '8.8.8.8';
    await environment.run(NAMED_PEER_RETRY_MS);
    discovery.networkBack(true);
    await environment.run(1_000);
    assert.equal(found.length > 0, stays);
    assert.equal(discovery.searching, false);
    await end();
  }
});

test('an address of a link in our own network is skipped with one warning, however often it is found', async () => {
  const { environment, dns, found, news, discovery, end } = lab({ linked: [NAME] });
  dns.address = '192.168.1.7';
  discovery.start();
  await environment.run(1_000);
  discovery.networkBack(false);
  await environment.run(1_000);
  assert.deepEqual([found, news, dns.asked.length], [[], ['warned'], 2]);
  await end();
});

test('behind a proxy no name is looked up by us', async () => {
  const { environment, dns, found, discovery, end } = lab({ named: [NAME] }, { proxy: true });
  discovery.start();
  discovery.networkBack(true);
  await environment.run(10_000);
  assert.deepEqual([found, dns.asked], [['peer.example:6881 from user'], []]);
  await end();
});
