/** Two torrents of one process on real sockets: one DHT node serves both while one of them is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Discovery } from '../../src/main/discovery/discovery.ts';
import { REAL_ENVIRONMENT } from '../../src/main/discovery/real-environment.ts';
import { SharedDiscovery } from '../../src/main/discovery/shared-discovery.ts';
import { HttpClient } from '../../src/main/network/http-client.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import { startDhtNode } from '../support/dht-node.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';

checkLeaksAtEnd();

test('both torrents find peers and are announced by one node, which ends with the last torrent', async () => {
  const node = await startDhtNode();
  const http = new HttpClient({ proxy: null, localAddress: null });
  let opened = 0;
  let open = 0;
  const shared = new SharedDiscovery({
    dht: { bootstrap: [{ host: '127.0.0.1', port: node.port }], isUsersChoice: true },
    udp: { from: '127.0.0.1' },
    environment: {
      ...REAL_ENVIRONMENT,
      openSocket: (family, isShared, hears) => {
        opened += 1;
        open += 1;
        const onClose = (): void => {
          open -= 1;
          hears.onClose?.();
        };
        return REAL_ENVIRONMENT.openSocket(family, isShared, { ...hears, onClose });
      },
    },
  });
  const torrent = (first: number) => {
    const peers: HostPort[] = [];
    const discovery = new Discovery({
      shared,
      infoHash: Buffer.alloc(20, first),
      peerId: Buffer.alloc(20),
      port: Promise.resolve(10_000 + first),
      named: [],
      linked: [],
      tiers: [],
      private: false,
      dht: true,
      nodes: [],
      lsd: false,
      http,
      need: () => 'peers',
      progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: (found) => peers.push(...found),
      onNews: () => {},
    });
    void discovery.start();
    return { discovery, peers };
  };
  const announced = (): number => node.heard.filter((q) => q === 'announce_peer').length;
  assert.equal(opened, 0, 'nothing is open before a torrent needs it');
  const [one, other] = [torrent(1), torrent(2)];
  while (announced() < 2) await new Promise(setImmediate);
  const from = node.askedFrom;
  for (const { peers } of [one, other]) assert.deepEqual(peers, [{ host: '127.0.0.1', port: 6_881 }]);
  await one.discovery.stop();
  const third = torrent(3);
  while (third.peers.length === 0) await new Promise(setImmediate);
  assert.deepEqual([opened, open, node.askedFrom], [1, 1, from], 'one socket for all three');
  await Promise.all([other.discovery.stop(), third.discovery.stop()]);
  assert.equal(open, 0);
  http.close();
  await node.close();
});
