/** The DHT when its socket gets no port at first, in virtual time and with a real socket. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Dht } from '../../src/main/discovery/dht.ts';
import type { DhtFamily } from '../../src/main/discovery/dht-socket.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { DHT_SEEK_MS } from '../../src/shared/limits.ts';
import { VirtualEnvironment } from '../support/virtual-environment.ts';

const NODES = { 4: { host: '8.8.8.8', port: 6_881 }, 6: { host: '2001:4860::8', port: 6_881 } } as const;
const FROM = { 4: '10.8.0.2', 6: 'fd00::2' } as const;
/** How the library sees them; it knows IPv4 only. */
const AS_SEEN = { 4: '8.8.8.8', 6: '240.0.0.0' } as const;

function lab(family: DhtFamily, error: NodeJS.ErrnoException) {
  const environment = new VirtualEnvironment();
  environment.dht.up.add(`${AS_SEEN[family]} 6881`);
  environment.bindError = error;
  const bootstrap = [NODES[family]];
  const dht = new Dht(
    { environment, family, bootstrap, isUsersChoice: true, from: FROM[family], store: null },
    environment.later,
  );
  const news: string[] = [];
  const search = dht.search({
    infoHash: Buffer.alloc(20),
    port: Promise.resolve(6_881),
    nodes: [],
    need: () => 'peers',
    onPeers: () => {},
    onNews: (kind, text) => news.push(`${kind}: ${text}`),
  });
  const end = async (): Promise<void> => {
    await search.end();
    await environment.run(5_000);
    assert.deepEqual([environment.sockets, environment.timers, environment.dht.clients], [0, 0, 0]);
  };
  return { environment, search, news, end };
}

const codes = ['EADDRNOTAVAIL', 'EADDRINUSE', 'EACCES', 'EAFNOSUPPORT'] as const;

for (const family of [4, 6] as const)
  test(`IPv${family}: without a port nobody waits for the DHT, and it is tried again`, async () => {
    for (const code of codes) {
      const { environment, search, news, end } = lab(family, Object.assign(new Error(code), { code }));
      await environment.run(1_000);
      assert.deepEqual([environment.sockets, environment.dht.clients], [0, 0], 'the socket is closed');
      assert.deepEqual([search.searching, search.hopeful], [false, false]);
      assert.equal(news.length, family === 4 ? 1 : 0);
      await environment.run(3 * DHT_SEEK_MS, 100);
      assert.equal(environment.dht.searched.length, 0);
      environment.bindError = null;
      await environment.run(20 * DHT_SEEK_MS, 100);
      assert.ok(environment.dht.searched.length > 0, code);
      assert.equal(search.hopeful, true);
      assert.equal(environment.sockets, 1);
      await end();
    }
  });

test('when the network is back, a new socket is opened at once', async () => {
  const error = Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' });
  const { environment, search, end } = lab(4, error);
  await environment.run(2 * DHT_SEEK_MS, 100);
  environment.bindError = null;
  await environment.run(100);
  const opened = environment.socketsOpened;
  search.networkBack();
  await environment.run(DHT_SEEK_MS);
  assert.equal(environment.socketsOpened, opened + 1);
  assert.equal(environment.dht.searched.length, 1);
  await end();
});

test('a real socket that gets no port because the address is not ours is closed, and told', async () => {
  // RFC 5737: an address for documentation.
  const from = '192.0.2.1';
  const bootstrap = [{ host: '127.0.0.1', port: 1 }];
  const dht = new Dht(
    { environment: REAL_ENVIRONMENT, family: 4, bootstrap, isUsersChoice: true, from, store: null },
    REAL_ENVIRONMENT.later,
  );
  const text = await new Promise<string>((resolve) => {
    const search = dht.search({
      infoHash: Buffer.alloc(20),
      port: Promise.resolve(1),
      nodes: [],
      need: () => 'peers',
      onPeers: () => {},
      onNews: (_, news) => void search.end().then(() => resolve(news)),
    });
  });
  assert.match(text, /this machine does not have the address/);
});
