/** Causes in the metadata of a magnet link. */
import { createHash } from 'node:crypto';
import { givingMetadata } from '../giving-metadata.ts';
import { httpServer } from '../http-server.ts';
import { hybridParts, torrentOfParts, version2Parts } from '../version2-torrents.ts';
import { wire } from '../wire-bytes.ts';
import type { WireHabits } from '../wire-peer.ts';
import type { Cause } from './cause.ts';

const ALL = wire.bitfield('1');
const doctor = (...args: readonly string[]): readonly string[] => ['doctor', ...args];

/** The info dictionary that the magnet links are for. */
const INFO = Buffer.from('d6:lengthi100e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');
const PRIVATE_INFO = Buffer.from(`${INFO.toString('latin1', 0, INFO.length - 1)}7:privatei1ee`);
const magnetOf = (info: Buffer): string =>
  `magnet:?xt=urn:btih:${createHash('sha1').update(info).digest('hex')}`;
const MAGNET = magnetOf(INFO);
/** Of version 2, with a file of two pieces. */
const FILES_2 = [{ name: 'a', bytes: Buffer.alloc(20_000, 1) }];
const VERSION_2 = version2Parts(FILES_2, 16_384);
const INFO_2 = torrentOfParts({ ...VERSION_2, top: {} }).subarray('d4:info'.length, -1);
const MAGNET_2 = `magnet:?xt=urn:btmh:1220${createHash('sha256').update(INFO_2).digest('hex')}`;
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

export const METADATA_CAUSES: readonly Cause[] = [
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
    isLong: true,
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
    args: async (scene) =>
      doctor(magnetOf(PRIVATE_INFO), ...(await scene.peers(1, givingMetadata(PRIVATE_INFO, '1')))),
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
    cause: 'the peer sends the metadata of a version 2 torrent, but no hashes of its pieces',
    waits: true,
    code: 'no-piece-hashes',
    args: async (scene) => doctor(MAGNET_2, ...(await scene.peers(1, givingMetadata(INFO_2, '11')))),
  },
  {
    cause: 'a .torrent of version 2 without hashes of pieces, and the peer does not send them',
    waits: true,
    code: 'no-piece-hashes',
    args: async (scene) =>
      doctor(
        scene.file('bare2.torrent', torrentOfParts({ ...VERSION_2, top: {} })),
        ...(await scene.peers(1, { ...EXTENDED, says: wire.bitfield('11') })),
      ),
  },
  {
    cause: 'a hybrid .torrent without hashes of pieces of version 2: the peer chokes us',
    waits: true,
    code: 'all-choke',
    args: async (scene) =>
      doctor(
        scene.file('bare2.torrent', torrentOfParts({ ...hybridParts(FILES_2, 16_384), top: {} })),
        ...(await scene.peers(1, { ...EXTENDED, says: wire.bitfield('11') })),
      ),
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
