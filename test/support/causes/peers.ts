/** Causes in the peers, in what they have, and in what this machine does with it. */
import { openBlackHoles } from '../../../src/swarm/black-holes.ts';
import { torrentSeed } from '../torrent-seed.ts';
import { wire } from '../wire-bytes.ts';
import type { WireHabits } from '../wire-peer.ts';
import type { Cause, Scene } from './cause.ts';

const ALL = wire.bitfield('1');
const BOTH = ['--peer', '127.0.0.1:1', '--peer', '127.0.0.1:2'];
const doctor = (...args: readonly string[]): readonly string[] => ['doctor', ...args];

/** `doctor` of the torrent without trackers, with so many peers. */
const facing =
  (count: number, habits: WireHabits, ...options: readonly string[]) =>
  async (scene: Scene): Promise<readonly string[]> =>
    doctor(scene.bare, ...(await scene.peers(count, habits)), ...options);

async function holes(scene: Scene, count: number): Promise<string[]> {
  const hosts = Array.from({ length: count }, (_, i) => `127.0.2.${i + 1}`);
  const { ports } = scene.with(await openBlackHoles(hosts));
  return hosts.flatMap((host, i) => ['--peer', `${host}:${ports[i]}`]);
}

export const PEER_CAUSES: readonly Cause[] = [
  {
    cause: 'a seed that works',
    code: null,
    args: async (scene) => {
      const seed = scene.with(await torrentSeed(scene.made, '127.0.1.1'));
      return doctor(scene.file('made.torrent', scene.made.torrent), '--peer', seed.address);
    },
  },
  {
    cause: 'a seed that works, beside one that refuses',
    code: null,
    args: async (scene) => {
      const seed = scene.with(await torrentSeed(scene.made, '127.0.1.1', { delayMs: 200 }));
      return doctor(scene.file('made.torrent', scene.made.torrent), '--peer', seed.address, ...BOTH);
    },
  },
  {
    cause: 'the only peer does not answer',
    waits: true,
    code: 'all-time-out',
    args: async (scene) => doctor(scene.bare, ...(await holes(scene, 1))),
  },
  {
    cause: 'no peer answers, over uTP neither',
    waits: true,
    code: 'all-time-out',
    args: async (scene) => doctor(scene.bare, ...(await holes(scene, 3)), '--utp-is-wanted'),
  },
  { cause: 'the only peer refuses', code: 'all-refuse', args: ({ bare }) => doctor(bare, ...BOTH.slice(2)) },
  { cause: 'both peers refuse', code: 'all-refuse', args: ({ bare }) => doctor(bare, ...BOTH) },
  {
    cause: 'both peers refuse, and uTP is tried',
    waits: true,
    code: 'all-refuse',
    args: ({ bare }) => doctor(bare, ...BOTH, '--utp-is-wanted'),
  },
  {
    cause: 'the only peer refuses, says `get`',
    code: 'all-refuse',
    args: (scene) => scene.get(...BOTH.slice(2), '--first-unchoke-timeout', '2s'),
  },
  { cause: 'the peer hangs up', code: 'all-hang-up', args: facing(1, { greets: 'hangs up' }) },
  {
    cause: 'the peers hang up, and uTP is tried',
    waits: true,
    code: 'all-hang-up',
    args: facing(3, { greets: 'hangs up' }, '--utp-is-wanted'),
  },
  {
    cause: 'the peer hangs up with `--encryption off`',
    code: 'all-hang-up',
    args: facing(1, { greets: 'hangs up' }, '--encryption', 'off'),
  },
  {
    cause: 'the peers are plain with `--encryption require`',
    code: 'no-encryption',
    args: facing(2, { says: ALL }, '--encryption', 'require'),
  },
  {
    cause: 'the peer sends no handshake',
    waits: true,
    code: 'all-mute',
    args: facing(1, { greets: 'says nothing' }),
  },
  {
    cause: 'the peer has another torrent',
    code: 'wrong-torrent',
    args: facing(1, { infoHash: Buffer.alloc(20, 7) }),
  },
  {
    cause: 'a web server instead of a peer',
    code: 'not-bittorrent',
    args: facing(1, { greets: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.padEnd(200)) }),
  },
  { cause: 'the peer chokes us', waits: true, code: 'all-choke', args: facing(1, { says: ALL }) },
  { cause: 'both peers choke us', waits: true, code: 'all-choke', args: facing(2, { says: ALL }) },
  {
    cause: 'one peer chokes us, the others do not answer',
    waits: true,
    code: 'all-choke',
    args: async (scene) =>
      doctor(scene.bare, ...(await scene.peers(1, { says: ALL })), ...(await holes(scene, 2))),
  },
  {
    cause: 'the peer chokes us until `--first-unchoke-timeout`',
    code: 'all-choke',
    args: async (scene) =>
      scene.get(...(await scene.peers(1, { says: wire.bitfield('11111') })), '--first-unchoke-timeout', '1s'),
  },
  {
    cause: 'our upload limit is used up by peers that choke us',
    isLong: true,
    code: 'upload-limit',
    args: async (scene) => {
      // We have the first two pieces, and they have the others.
      scene.has(2);
      const request = wire.request(0, 0, 16_384);
      const asks: WireHabits = {
        says: Buffer.concat([wire.bitfield('00111'), wire.interested]),
        hears: (id, _payload, socket) => {
          if (id === 1) socket.write(Buffer.concat([request, request]));
          if (id === 7) socket.write(request);
        },
      };
      const options = ['--upload-limit', '64K', '--first-unchoke-timeout', '7s', '--idle-timeout', '7s'];
      return scene.get(...(await scene.peers(6, asks)), ...options);
    },
  },
  {
    cause: 'the peer unchoked us and sends nothing',
    waits: true,
    code: 'all-silent',
    args: facing(1, { says: Buffer.concat([ALL, wire.unchoke]) }),
  },
  {
    cause: 'the peer rejects every request',
    waits: true,
    code: 'all-silent',
    args: facing(1, {
      features: ['fast'],
      says: Buffer.concat([wire.haveAll, wire.unchoke]),
      hears: (id, payload, socket) => {
        if (id === 6)
          socket.write(
            wire.reject(payload.readUInt32BE(0), payload.readUInt32BE(4), payload.readUInt32BE(8)),
          );
      },
    }),
  },
  {
    cause: 'the peer stops sending until `--idle-timeout`',
    code: 'all-silent',
    args: async (scene) => {
      const seed = scene.with(await torrentSeed(scene.made, '127.0.1.1', { muteAfter: 1 }));
      return scene.get('--peer', seed.address);
    },
  },
  {
    cause: 'the peer leaves after the handshake',
    code: 'all-leave',
    args: facing(1, { says: ALL, leaves: true }),
  },
  {
    cause: 'all peers send bad data',
    code: 'all-banned',
    args: async (scene) => {
      const hosts = ['127.0.1.1', '127.0.1.2'];
      const seeds = await Promise.all(hosts.map((host) => torrentSeed(scene.made, host, { lieEvery: 1 })));
      for (const seed of seeds) scene.with(seed);
      return scene.get(...seeds.flatMap(({ address }) => ['--peer', address]), '--idle-timeout', '8s');
    },
  },
  {
    cause: 'we close the connection, because the peer breaks the rules',
    code: 'all-rude',
    args: facing(1, { says: wire.bitfield('1'.repeat(90)) }),
  },
  {
    cause: 'peers with different faults',
    waits: true,
    code: 'peers-differ',
    args: async (scene) =>
      doctor(
        scene.bare,
        ...(await scene.peers(1, { greets: 'says nothing' })),
        ...(await scene.peers(1, { infoHash: Buffer.alloc(20, 7) })),
      ),
  },
  {
    cause: 'the peer has no piece yet',
    waits: true,
    code: 'missing-pieces',
    args: facing(1, { says: wire.unchoke }),
  },
  {
    cause: 'the peer lacks the last piece',
    code: 'missing-pieces',
    args: async (scene) => {
      const seed = scene.with(await torrentSeed(scene.made, '127.0.1.1', { lacks: 3 }));
      return scene.get('--peer', seed.address);
    },
  },
  {
    cause: 'a super-seed (BEP 16) offers no other piece until somebody else has the first',
    code: 'missing-pieces',
    args: async (scene) => {
      const { data, pieceLength } = scene.made;
      const offers = Buffer.concat([wire.have(0), wire.unchoke]);
      const sends: WireHabits['hears'] = (id, payload, socket) => {
        if (id !== 6) return;
        const [piece, begin, length] = [0, 4, 8].map((at) => payload.readUInt32BE(at)) as [
          number,
          number,
          number,
        ];
        const from = piece * pieceLength + begin;
        socket.write(wire.piece(piece, begin, data.subarray(from, from + length)));
      };
      return scene.get(...(await scene.peers(1, { says: offers, hears: sends })));
    },
  },
];
