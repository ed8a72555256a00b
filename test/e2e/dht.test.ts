/** The DHT on real loopback sockets: whatever is missing at the start is used when it appears. */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import bencode from 'bencode';
import { Dht } from '../../src/main/discovery/dht.ts';
import type { DhtNodeOptions } from '../../src/main/discovery/dht-node.ts';
import type { DhtRequest, DhtSearch } from '../../src/main/discovery/dht-search.ts';
import type { Environment, LookUp } from '../../src/main/discovery/environment.ts';
import { NodeFile } from '../../src/main/discovery/node-file.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { Timetable } from '../../src/main/discovery/timetable.ts';
import { NO_LISTENING_PORT } from '../../src/main/network/identity.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { LookUpError } from '../../src/shared/name-lookup.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { type DhtNode, startDhtNode } from '../support/dht-node.ts';
import { GlobalTimers } from '../support/global-timers.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { writeTo } from '../support/swarm-fixture.ts';
import { int, list, str, torrentOf } from '../support/torrents.ts';

checkLeaksAtEnd();
const folder = temporaryFolder();
const library = await REAL_ENVIRONMENT.dhtLibrary();
/** A machine that speaks IPv6. */
const SIX = { eth0: [{ family: 'IPv6', internal: false, address: '2001:db8::1' } as NetworkInterfaceInfo] };

interface Run {
  readonly source: DhtSearch;
  readonly dht: Dht;
  readonly peers: HostPort[];
  readonly news: string[];
  readonly timers: GlobalTimers;
}

type Options = Partial<
  Pick<DhtNodeOptions, 'family' | 'bootstrap' | 'isUsersChoice'> &
    Pick<DhtRequest, 'port' | 'nodes'> & { readonly lookUp: LookUp; readonly nodeFile: string }
>;

/** Advances virtual time second by second until the condition holds; real time is only for loopback packets. */
async function until(timers: GlobalTimers, isSo: () => boolean): Promise<void> {
  for (let second = 0; ; second++) {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    if (isSo()) return;
    assert.ok(second < 600, 'it never was');
    timers.tick(1_000);
  }
}

/** One search, alone. In virtual time, if not said otherwise. */
async function withSource(
  { nodeFile, lookUp = REAL_ENVIRONMENT.lookUp, nodes = [], port, ...options }: Options,
  work: (run: Run) => Promise<void>,
  time: 'virtual' | 'real' = 'virtual',
): Promise<void> {
  const timers = new GlobalTimers();
  if (time === 'real') timers.restore();
  const peers: HostPort[] = [];
  const news: string[] = [];
  const now = time === 'real' ? REAL_ENVIRONMENT.now : () => timers.now;
  const environment: Environment = {
    ...REAL_ENVIRONMENT,
    now,
    lookUp,
    interfaces: () => SIX,
    dhtLibrary: () => Promise.resolve(library),
  };
  const dht = new Dht(
    {
      environment,
      family: 4,
      bootstrap: [],
      isUsersChoice: true,
      from: null,
      store: nodeFile === undefined ? null : new NodeFile(nodeFile, REAL_ENVIRONMENT.calendar),
      ...options,
    },
    new Timetable(now, REAL_ENVIRONMENT.later).later,
  );
  const source = dht.search({
    infoHash: Buffer.alloc(20, 7),
    port: port ?? Promise.resolve(NO_LISTENING_PORT),
    nodes,
    need: () => 'peers',
    onPeers: (found) => peers.push(...found),
    onNews: (kind, text) => news.push(`${kind}: ${text}`),
  });
  while (source.phase === 'starting') await null;
  try {
    await work({ source, dht, peers, news, timers });
  } finally {
    await source.end();
    timers.restore();
  }
}

async function withNode(work: (node: DhtNode) => Promise<void>, host = '127.0.0.1'): Promise<void> {
  const node = await startDhtNode(host);
  try {
    await work(node);
  } finally {
    await node.close();
  }
}

function failing(times: number, code: string, then: readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    lookUp: (host: string) => {
      asked.push(host);
      if (asked.length <= times) return Promise.reject(new LookUpError(code));
      return Promise.resolve(then.map((address) => ({ address, family: isIP(address) })));
    },
  };
}

for (const [family, host] of [
  [4, '127.0.0.1'],
  [6, '::1'],
] as const)
  for (const code of ['ENOTFOUND', 'EAI_AGAIN'])
    test(`a name that cannot be looked up at first (${code}, IPv${family})`, () =>
      withNode(async (node) => {
        // The name leads to both families, and to an address without a node.
        const { asked, lookUp } = failing(3, code, ['203.0.113.1', '127.0.0.1', '::1']);
        const bootstrap = [{ host: 'dht.test', port: node.port }];
        await withSource({ family, bootstrap, lookUp }, async ({ source, peers, news, timers }) => {
          await until(timers, () => asked.length >= 2);
          assert.equal(source.hopeful, code === 'EAI_AGAIN', 'what may pass is hoped for');
          await until(timers, () => peers.length > 0);
          assert.deepEqual(peers, [{ host, port: 6_881 }]);
          assert.equal(asked.length, 4, 'its failure fired three times');
          assert.equal(source.hopeful, true);
          await until(timers, () => news.some((one) => one.startsWith('answered')));
          if (family === 4) assert.equal(news[0], 'failed: the names of its first nodes cannot be looked up');
        });
      }, host));

for (const [family, host] of [
  [4, '127.0.0.1'],
  [6, '::1'],
] as const)
  test(`our node does not amplify (IPv${family})`, () =>
    withNode(async (node) => {
      const bootstrap = [{ host, port: node.port }];
      const options = { family, bootstrap, port: Promise.resolve(6_881) };
      await withSource(
        options,
        async ({ peers }) => {
          while (peers.length === 0) await new Promise(setImmediate);
          const info_hash = Buffer.alloc(20, 9);
          /** Once there is an answer left for this host. */
          const insist = async (query: Record<string, unknown>): Promise<Buffer> =>
            (await node.ask(node.askedFrom, query)) ?? insist(query);
          const { token } = (
            bencode.decode(await insist({ q: 'get_peers', info_hash })) as { r: { token: Uint8Array } }
          ).r;
          for (let port = 1; port <= 400; port++)
            node.tell(node.askedFrom, { q: 'announce_peer', info_hash, port, token });
          const told = await insist({ q: 'get_peers', info_hash });
          const { values } = (bencode.decode(told) as { r: { values: Uint8Array[] } }).r;
          assert.ok(values.length >= 1 && values.length <= 8, `${values.length} of 400 ports`);
          assert.ok(
            told.length < 1_000 && node.answers < 30,
            `${told.length} bytes, ${node.answers} answers`,
          );
          const others = ['get', 'put', 'vote'].map((q) =>
            node.ask(node.askedFrom, { q, target: info_hash, v: 'x'.repeat(900), token }),
          );
          assert.deepEqual(await Promise.all(others), [null, null, null]);
        },
        'real',
      );
    }, host));

test('all nodes are away for two minutes; they count as hope, and are asked less and less often', () =>
  withNode((one) =>
    withNode(async (other) => {
      one.isUp = false;
      other.isUp = false;
      const bootstrap = [one, other].map(({ port }) => ({ host: '127.0.0.1', port }));
      await withSource({ bootstrap }, async ({ source, peers, news, timers }) => {
        await until(timers, () => news.length > 0);
        assert.deepEqual(news, ['failed: no node answered']);
        assert.deepEqual([source.searching, source.hopeful], [false, true]);
        await until(timers, () => other.heard.length >= 6);
        assert.ok(other.heard.length < 10, 'not at every tick');
        other.isUp = true;
        await until(timers, () => peers.length > 0);
        const searches = () => other.heard.filter((q) => q === 'get_peers').length;
        assert.ok(searches() >= 1);
        await until(timers, () => news.length > 1);
        const before = searches();
        source.networkBack();
        while (searches() === before) await new Promise(setImmediate);
      });
    }),
  ));

test('the nodes of a torrent and of peers are asked; addresses in our network from a stranger are not', () =>
  withNode((ofTorrent) =>
    withNode(async (ofPeer) => {
      const nodes = [{ host: '127.0.0.1', port: ofTorrent.port }];
      await withSource({ nodes, isUsersChoice: false }, async ({ dht, peers, timers }) => {
        await until(timers, () => peers.length > 0);
        assert.ok(ofTorrent.heard.includes('get_peers'));
        dht.meet({ host: '127.0.0.1', port: ofPeer.port });
        await until(timers, () => ofPeer.heard.length > 0);
        dht.meet({ host: '127.0.0.1', port: ofPeer.port });
      });
    }),
  ));

test('the node of a peer is enough, and is kept for the next run', () =>
  withNode(async (node) => {
    const nodeFile = join(folder, 'cache', 'dht.json');
    await withSource({ nodeFile }, async ({ source, dht, peers, timers }) => {
      assert.equal(source.hopeful, true, 'until the first answer could have come');
      dht.meet({ host: '127.0.0.1', port: node.port });
      await until(timers, () => peers.length > 0);
    });
    assert.deepEqual(
      new NodeFile(nodeFile, REAL_ENVIRONMENT.calendar).read().map(({ host, port }) => ({ host, port })),
      [{ host: '127.0.0.1', port: node.port }],
    );
    await withSource({ nodeFile }, ({ peers, timers }) => until(timers, () => peers.length > 0));
  }));

test('get: `nodes` of a torrent are asked, those of a private one are not', () =>
  withNode(async (node) => {
    const nodes = list(list(str('127.0.0.1'), int(node.port)), list(str('x'), int(0)), int(1));
    const args = ['--dht-bootstrap', '127.0.0.1:1', '--first-unchoke-timeout', '1s', '-o', folder];
    const secret = writeTo(folder, 'private.torrent', torrentOf({ private: int(1) }, { nodes }));
    const refused = await runCli('get', secret, ...args);
    assert.deepEqual([refused.status, node.heard.length], [4, 0]);
    await runCli('get', writeTo(folder, 'nodes.torrent', torrentOf({}, { nodes })), ...args);
    assert.ok(node.heard.includes('get_peers'));
  }));
