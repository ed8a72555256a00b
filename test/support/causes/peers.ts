/** Causes in the peers, in what they have, and in what this machine does with it. */
import { createHash } from 'node:crypto';
import { openBlackHoles } from '../../../src/swarm/black-holes.ts';
import { httpServer } from '../http-server.ts';
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

/** The info dictionary that the magnet links are for. */
const INFO = Buffer.from('d6:lengthi100e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');
const PRIVATE_INFO = Buffer.from(`${INFO.toString('latin1', 0, INFO.length - 1)}7:privatei1ee`);
const magnetOf = (info: Buffer): string =>
  `magnet:?xt=urn:btih:${createHash('sha1').update(info).digest('hex')}`;
const MAGNET = magnetOf(INFO);
const EXTENDED: WireHabits = { features: ['ext'] };
/** The id that these peers give to messages about metadata; the client has given them 1. */
const THEIR_ID = 3;
const OFFER = wire.extended(0, `d1:md11:ut_metadatai3ee13:metadata_sizei${INFO.length}ee`);
/** It answers each request for metadata with this. */
const offering = (answer: Buffer | null, more: WireHabits = {}): WireHabits => ({
  ...EXTENDED,
  says: OFFER,
  hears: (id, payload, socket) => {
    if (id === 20 && payload[0] === THEIR_ID && answer !== null) socket.write(answer);
  },
  ...more,
});
const ASKED = wire.extended(1, 'd8:msg_typei2e5:piecei0ee');

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
      return scene.get(...seeds.flatMap(({ address }) => ['--peer', address]), '--idle-timeout', '4s');
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
  {
    cause: 'the peers do not have the metadata',
    waits: true,
    code: 'no-metadata',
    args: async (scene) => doctor(MAGNET, ...(await scene.peers(2, { ...EXTENDED, says: ALL }))),
  },
  {
    cause: 'the only peer with the metadata rejects the request',
    waits: true,
    code: 'metadata-withheld',
    args: async (scene) => doctor(MAGNET, ...(await scene.peers(1, offering(ASKED)))),
  },
  {
    cause: 'the only peer with the metadata is silent',
    code: 'metadata-withheld',
    args: async (scene) => doctor(MAGNET, ...(await scene.peers(1, offering(null))), '--for', '12s'),
  },
  {
    cause: 'the metadata is wrong',
    waits: true,
    code: 'metadata-wrong',
    args: async (scene) => {
      const part = `d8:msg_typei1e5:piecei0e10:total_sizei${INFO.length}ee${'x'.repeat(INFO.length)}`;
      return doctor(MAGNET, ...(await scene.peers(1, offering(wire.extended(1, part)))));
    },
  },
  {
    cause: 'a magnet link of a private torrent: the peer sends the metadata, and then chokes us',
    waits: true,
    code: 'all-choke',
    args: async (scene) => {
      const part = `d8:msg_typei1e5:piecei0e10:total_sizei${PRIVATE_INFO.length}ee${PRIVATE_INFO}`;
      const offer = wire.extended(0, `d1:md11:ut_metadatai3ee13:metadata_sizei${PRIVATE_INFO.length}ee`);
      const says = Buffer.concat([ALL, offer]);
      return doctor(
        magnetOf(PRIVATE_INFO),
        ...(await scene.peers(1, offering(wire.extended(1, part), { says }))),
      );
    },
  },
  {
    cause: 'a magnet link of a private torrent: the tracker does not know us without a passkey',
    code: 'trackers-refuse',
    args: async (scene) => {
      const body = Buffer.from('d14:failure reason15:passkey missinge');
      const { announce } = scene.with(await httpServer(() => ({ status: 200, body })));
      return doctor(`${magnetOf(PRIVATE_INFO)}&tr=${encodeURIComponent(announce)}`);
    },
  },
  {
    cause: 'the peer with the metadata leaves',
    code: 'metadata-left',
    args: async (scene) => {
      const leaves: WireHabits = {
        ...offering(null),
        hears: (id, payload, socket) => void (id === 20 && payload[0] === THEIR_ID && socket.end()),
      };
      return doctor(MAGNET, ...(await scene.peers(1, leaves)));
    },
  },
];
