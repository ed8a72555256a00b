/** Causes in this machine's network, in the proxy and in the sources of peers. */
import { spawnSync } from 'node:child_process';
import { createServer as createHttpsServer } from 'node:https';
import { startDhtNode } from '../dht-node.ts';
import { EXPIRED_CERTIFICATE, ITS_KEY } from '../expired-certificate.ts';
import { httpServer } from '../http-server.ts';
import { SOCKS_REPLY, socksServer } from '../socks-server.ts';
import { int, torrentOf } from '../torrents.ts';
import { portOf } from '../wire-peer.ts';
import type { Cause, Scene } from './cause.ts';

/** A network of its own, with nothing in it. */
const NO_NETWORK = ['unshare', '-n'];
const mayUnshare = spawnSync('unshare', ['-n', 'true']).status === 0;
const NOBODY = ['--peer', '127.0.0.1:1'];
const EMPTY = Buffer.from('d8:intervali900e5:peers0:e');

const tracker = async (scene: Scene, body: Buffer, status = 200): Promise<string> =>
  scene.with(await httpServer(() => ({ status, body }))).announce;

/** The answer of a tracker that knows this peer of this machine. */
const knowing = (port: number): Buffer =>
  Buffer.concat([
    Buffer.from('d8:intervali900e5:peers6:'),
    Buffer.from([127, 0, 0, 1, port >> 8, port & 255]),
    Buffer.from('e'),
  ]);

const doctor = (...args: readonly string[]): readonly string[] => ['doctor', ...args];
const behind = (proxy: string, ...args: readonly string[]) => doctor(...args, '--proxy', proxy);

export const NETWORK_CAUSES: readonly Cause[] = [
  {
    cause: 'the machine has no network',
    code: 'offline',
    args: ({ bare }) => doctor(bare, '--peer', '192.0.2.1:6881'),
    under: mayUnshare ? NO_NETWORK : null,
  },
  {
    cause: 'the machine has no network, and the tracker has a name',
    code: 'offline',
    args: (scene) => doctor(scene.announcing('http://tracker.example/announce')),
    under: mayUnshare ? NO_NETWORK : null,
  },
  {
    cause: 'there is no route to the peer',
    code: 'all-unreachable',
    args: ({ bare }) => doctor(bare, '--peer', '127.9.0.1:6881'),
    under: mayUnshare
      ? [
          ...[...NO_NETWORK, 'sh', '-c'],
          'ip link set lo up && ip route add unreachable 127.9.0.0/16 table local && exec "$@"',
          'sh',
        ]
      : null,
  },
  {
    cause: 'no SOCKS5 proxy listens; a peer is named',
    code: 'proxy-down',
    args: ({ bare }) => behind('socks5://127.0.0.1:1', bare, ...NOBODY),
  },
  {
    cause: 'no SOCKS5 proxy listens; a tracker is asked',
    code: 'proxy-down',
    args: (scene) => behind('socks5://127.0.0.1:1', scene.announcing('http://127.0.0.1:2/announce')),
  },
  {
    cause: 'no HTTP proxy listens',
    code: 'proxy-down',
    args: (scene) => behind('http://127.0.0.1:1', scene.announcing('http://127.0.0.1:2/announce')),
  },
  {
    cause: 'the SOCKS5 proxy wants another password',
    code: 'proxy-denies',
    args: async (scene) => behind(scene.with(await socksServer('denies')).url, scene.bare, ...NOBODY),
  },
  {
    cause: 'the password for the SOCKS5 proxy is wrong',
    code: 'proxy-denies',
    args: async (scene) => {
      const { url } = scene.with(await socksServer('wrong password'));
      return behind(url.replace('//', '//anna:wrong@'), scene.bare, ...NOBODY);
    },
  },
  {
    cause: 'the SOCKS5 proxy falls silent',
    waits: true,
    code: 'all-time-out',
    args: async (scene) => behind(scene.with(await socksServer('silent')).url, scene.bare, ...NOBODY),
  },
  {
    cause: 'the HTTP proxy wants another password (407)',
    code: 'proxy-denies',
    args: async (scene) => {
      const proxy = new URL(await tracker(scene, Buffer.alloc(0), 407)).origin;
      return behind(proxy, scene.announcing('http://127.0.0.1:2/announce'));
    },
  },
  {
    cause: 'the proxy cannot reach the peer',
    code: 'proxy-cannot',
    args: async (scene) =>
      behind(scene.with(await socksServer(SOCKS_REPLY.networkUnreachable)).url, scene.bare, ...NOBODY),
  },
  {
    cause: 'the proxy cannot reach the tracker',
    code: 'proxy-cannot',
    args: async (scene) =>
      behind(
        scene.with(await socksServer(SOCKS_REPLY.networkUnreachable)).url,
        scene.announcing('http://127.0.0.1:2/announce'),
      ),
  },
  {
    cause: 'the peer refuses, and the proxy says so',
    code: 'all-refuse',
    args: async (scene) =>
      behind(scene.with(await socksServer(SOCKS_REPLY.refused)).url, scene.bare, ...NOBODY),
  },
  {
    cause: 'the proxy works, and the peer chokes us',
    waits: true,
    code: 'all-choke',
    args: async (scene) =>
      behind(
        scene.with(await socksServer(SOCKS_REPLY.done)).url,
        scene.bare,
        ...(await scene.peers(1, { says: Buffer.from([0, 0, 0, 2, 5, 0x80]) })),
      ),
  },
  {
    cause: 'an HTTP proxy carries no peers',
    waits: true,
    code: 'proxy-no-peers',
    args: async (scene) => {
      const proxy = new URL(await tracker(scene, knowing(6881))).origin;
      return behind(proxy, scene.announcing('http://127.0.0.1:2/announce'));
    },
  },
  {
    cause: 'the only tracker is a UDP tracker, behind a proxy',
    code: 'proxy-no-udp',
    args: (scene) => behind('socks5://127.0.0.1:1', scene.announcing('udp://tracker.example:6969')),
  },
  {
    cause: 'only IPv6 addresses, and `--interface` is IPv4',
    code: 'no-family',
    args: ({ bare }) => doctor(bare, '--peer', '[::1]:1', '--peer', '[::1]:2', '--interface', '127.0.0.1'),
  },
  {
    cause: 'all peers are on the blocklist',
    code: 'all-blocked',
    args: (scene) =>
      doctor(scene.bare, ...NOBODY, '--blocklist', scene.file('blocklist', Buffer.from('127.0.0.0/8\n'))),
  },
  { cause: 'no tracker, the DHT off', code: 'no-source', args: ({ bare }) => doctor(bare) },
  {
    cause: 'trackers that are not asked',
    code: 'no-source',
    args: (scene) => doctor(scene.announcing('http://127.0.0.1:1/announce'), '--no-trackers'),
  },
  {
    cause: 'a private torrent without a tracker',
    code: 'no-source',
    args: (scene) => doctor(scene.file('private.torrent', torrentOf({ private: int(1) }))),
  },
  {
    cause: 'no name server knows the tracker',
    code: 'dns',
    args: (scene) => doctor(scene.announcing('http://no-such-name.invalid/announce')),
  },
  {
    cause: 'no name server knows the first nodes of the DHT',
    code: 'dns',
    args: ({ bare }) => doctor(bare, '--dht-bootstrap', 'no-such-name.invalid:6881', '--for', '10s'),
  },
  {
    cause: 'no name server knows the tracker of `--tracker`',
    code: 'dns',
    args: ({ bare }) => doctor(bare, '--tracker', 'udp://no-such-name.invalid:80'),
  },
  {
    cause: 'the tracker of `--tracker` is off, and those of the torrent are not asked',
    code: 'trackers-failed',
    args: (scene) =>
      doctor(
        scene.announcing('http://127.0.0.1:1/announce'),
        ...['--no-trackers', '--tracker', 'http://127.0.0.1:2/announce'],
      ),
  },
  {
    cause: 'the tracker of `--tracker` knows no peer; the torrent is private and names none',
    waits: true,
    code: 'trackers-empty',
    args: async (scene) =>
      doctor(
        scene.file('private.torrent', torrentOf({ private: int(1) })),
        ...['--tracker', await tracker(scene, EMPTY)],
      ),
  },
  {
    cause: 'the certificate is out of date by our clock',
    code: 'clock',
    args: async (scene) => {
      const server = createHttpsServer({ cert: EXPIRED_CERTIFICATE, key: ITS_KEY });
      const port = await portOf(server);
      scene.with({ close: () => void server.close(() => {}) });
      return doctor(scene.announcing(`https://127.0.0.1:${port}/announce`));
    },
    // Trusted except for its dates.
    under: ['env', 'NODE_EXTRA_CA_CERTS=expired.pem'],
  },
  {
    cause: 'the tracker refuses with a reason',
    code: 'trackers-refuse',
    args: async (scene) =>
      doctor(
        scene.announcing(await tracker(scene, Buffer.from('d14:failure reason20:unregistered torrente'))),
      ),
  },
  {
    cause: 'the tracker is off',
    code: 'trackers-failed',
    args: (scene) => doctor(scene.announcing('http://127.0.0.1:1/announce')),
  },
  {
    cause: 'both trackers fail',
    code: 'trackers-failed',
    args: async (scene) =>
      doctor(scene.announcing('http://127.0.0.1:1/announce', await tracker(scene, Buffer.alloc(0), 404))),
  },
  {
    cause: 'the tracker knows no peer',
    waits: true,
    code: 'trackers-empty',
    args: async (scene) => doctor(scene.announcing(await tracker(scene, EMPTY))),
  },
  {
    cause: 'one tracker knows no peer, the other fails',
    waits: true,
    code: 'trackers-empty',
    args: async (scene) =>
      doctor(scene.announcing(await tracker(scene, EMPTY), 'http://127.0.0.1:1/announce')),
  },
  {
    cause: 'the tracker does not answer',
    waits: true,
    code: 'no-answer-yet',
    args: async (scene) => {
      const [, peer = ''] = await scene.peers(1, { greets: 'says nothing' });
      return doctor(scene.announcing(`http://${peer}/announce`));
    },
  },
  {
    cause: 'no node of the DHT answers',
    isLong: true,
    code: 'dht-failed',
    args: ({ bare }) => doctor(bare, '--dht-bootstrap', '127.0.0.1:1', '--for', '10s'),
  },
  {
    cause: 'the DHT answers, and knows no peer',
    code: 'trackers-empty',
    waits: true,
    args: async (scene) => {
      const { port } = scene.with(await startDhtNode('127.0.0.1', null));
      return doctor(scene.bare, '--dht-bootstrap', `127.0.0.1:${port}`);
    },
  },
  {
    cause: 'the only peer that the tracker knows is this client',
    code: 'only-ourselves',
    args: async (scene) => {
      const server = scene.with(
        await httpServer((_, url) => ({
          body: knowing(Number(new URL(url, 'http://x').searchParams.get('port'))),
        })),
      );
      const torrent = scene.announcing(server.announce);
      return ['get', torrent, '-o', scene.folder, '--first-unchoke-timeout', '2s'];
    },
  },
];
