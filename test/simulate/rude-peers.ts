/** More peers that misbehave, for simulations: they break the rules of the wire, flood us, waste our places or give very little. */
import type { FakePeerScript, Verb } from '../support/fake-peer.ts';
import { type Content, type Roll, requested } from '../support/personas.ts';
import { compact } from '../support/virtual-trackers.ts';
import { frame, handshakeOf, u32, wire } from '../support/wire-bytes.ts';

const BLOCK = 16_384;
const FLOOD_MESSAGES = 400;
const PEX_NAMES = 100;
/** More than we leave unread in a socket. */
const UNREAD_BYTES = 10_000_000;

type Maker = (roll: Roll, pieces: number, content: Content) => FakePeerScript;
type Line = readonly [number, Verb];

const shake = ({ infoHash }: Content): Line => [
  0,
  { say: handshakeOf(infoHash, '-XX0001-rude', ['fast', 'ext']) },
];
const hasAll: Line = [0, { say: wire.haveAll }];
const unchokes = (roll: Roll): Line => [roll(1_500), { say: wire.unchoke }];

/** Says this after its handshake, and again whenever it is dialled. */
const says =
  (message: (roll: Roll, pieces: number) => Uint8Array): Maker =>
  (roll, pieces, content) => ({
    script: [shake(content), hasAll, unchokes(roll), [roll(2_000), { say: message(roll, pieces) }]],
    serves: content.bytes,
    bytesPerS: 50_000,
  });

const FLOODS: readonly Uint8Array[] = [
  wire.keepAlive,
  Buffer.concat([wire.unchoke, wire.choke]),
  Buffer.concat([wire.interested, wire.notInterested]),
  wire.have(0),
  wire.haveNone,
  wire.allowedFast(0),
  wire.reject(0, 0, BLOCK),
  wire.request(0, 0, BLOCK),
  frame(8, u32(0, 0, BLOCK)),
  frame(13, u32(0)),
  frame(200, Buffer.alloc(3)),
  wire.extended(77, 'd1:xi1ee'),
  wire.extended(1, 'd8:msg_typei9e5:piecei0ee'),
];

/** Ends in the middle of the `after`th block, each time. */
const breaksOff: Maker = (roll, _pieces, content) => {
  const after = 1 + roll(6);
  let count = 0;
  let brokenDial = 0;
  return {
    script: [shake(content), hasAll, unchokes(roll)],
    hears: (peer, id, message) => {
      if (id !== 6) return false;
      // What came behind the broken block would be taken for the rest of it.
      if (peer.dials === brokenDial) return true;
      const [piece, begin, length] = requested(message);
      const bytes = wire.piece(piece, begin, content.bytes(piece, begin, length));
      if (++count % after !== 0) {
        peer.say(bytes);
        return true;
      }
      brokenDial = peer.dials;
      peer.say(bytes.subarray(0, 13 + roll(bytes.length - 13)));
      peer.hangUpLater(10 + roll(3_000));
      return true;
    },
  };
};

/** Changes what it sends of each block. */
const sends =
  (change: (piece: number, begin: number, bytes: Uint8Array, roll: Roll) => Uint8Array): Maker =>
  (roll, _pieces, content) => ({
    script: [shake(content), hasAll, unchokes(roll)],
    hears: (peer, id, message) => {
      if (id !== 6) return false;
      const [piece, begin, length] = requested(message);
      peer.sayLater(5 + roll(200), change(piece, begin, content.bytes(piece, begin, length), roll));
      return true;
    },
  });

const MAKERS: Readonly<Record<string, Maker>> = {
  'floods us': says((roll) => {
    const message = FLOODS[roll(FLOODS.length)] ?? wire.keepAlive;
    return Buffer.concat(Array.from({ length: FLOOD_MESSAGES }, () => message));
  }),
  'floods us again and again': (roll, _pieces, content) => {
    const message = FLOODS[roll(FLOODS.length)] ?? wire.keepAlive;
    const flood = Buffer.concat(Array.from({ length: FLOOD_MESSAGES }, () => message));
    return { script: [shake(content), hasAll, unchokes(roll), [roll(500), { say: flood, everyMs: 100 }]] };
  },
  'is no BitTorrent': (roll) => ({
    script: [[roll(100), { say: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(1 + roll(5))) }]],
  }),
  'has another torrent': (roll, _pieces, { infoHash }) => ({
    script: [
      [
        roll(100),
        {
          say: handshakeOf(
            infoHash.map((byte) => byte ^ 1),
            '-XX0001-else',
          ),
        },
      ],
    ],
  }),
  'says nothing': () => ({ script: [] }),
  'crawls through its handshake': (_roll, _pieces, { infoHash }) => ({
    script: [...handshakeOf(infoHash, '-XX0001-slow')].map(
      (byte, i): Line => [i * 500, { say: Buffer.from([byte]) }],
    ),
  }),
  'sends a frame that is too long': says((roll) => u32(100_000_000 + roll(1_000_000_000))),
  'sends a have that is too short': says(() => Buffer.concat([u32(3), Buffer.from([4, 0, 0])])),
  'sends a bitfield that is too long': says((_, pieces) => wire.bitfield('1'.repeat(pieces + 9))),
  'has a piece that there is not': says((roll, pieces) => wire.have(pieces + roll(1_000))),
  'sends an extension that cannot be read': says(() => wire.extended(0, 'd1:mi')),
  'names addresses by the hundred': says((roll) => {
    const names = Array.from({ length: PEX_NAMES }, () => ({
      host: `${[10, 127, 192, 25 + roll(50)][roll(4)]}.${roll(256)}.${roll(256)}.${roll(256)}`,
      port: roll(65_536),
    }));
    const list = compact(names).toString('latin1');
    return wire.extended(1, `d5:added${list.length}:${list}e`);
  }),
  'never unchokes': (_roll, _pieces, content) => ({ script: [shake(content), hasAll] }),
  'does not read': (roll, _pieces, content) => ({
    script: [shake(content), hasAll, unchokes(roll)],
    unread: UNREAD_BYTES,
  }),
  'is reset again and again': (roll, _pieces, content) => ({
    script: [shake(content), hasAll, [roll(1_000), { end: 'reset' }]],
  }),
  'cannot be reached': (roll) => ({ connect: { fail: 'unreachable', afterMs: roll(3_000) } }),
  'finds this machine without sockets': (roll, _pieces, content) => ({
    connect: { shortage: 'EMFILE', times: 1 + roll(3) },
    script: [shake(content), hasAll, unchokes(roll)],
    serves: content.bytes,
    bytesPerS: 50_000,
  }),
  trickles: (roll, _pieces, content) => ({
    script: [shake(content), hasAll, unchokes(roll)],
    serves: content.bytes,
    bytesPerS: 1_000 + roll(4_000),
  }),
  'offers metadata and never sends it': (roll, _pieces, content) => ({
    script: [
      shake(content),
      hasAll,
      [0, { say: wire.extended(0, `d1:md11:ut_metadatai3ee13:metadata_sizei${100 + roll(40_000)}ee`) }],
      unchokes(roll),
    ],
  }),
  'breaks off in a block': breaksOff,
  'sends each block twice': sends((piece, begin, bytes) => {
    const block = wire.piece(piece, begin, bytes);
    return Buffer.concat([block, block]);
  }),
  'sends blocks that are too short': sends((piece, begin, bytes, roll) =>
    wire.piece(piece, begin, bytes.subarray(0, roll(bytes.length))),
  ),
  'loses pieces and has them again': (roll, pieces, content) => ({
    script: [
      shake(content),
      hasAll,
      [0, { say: wire.unchoke }],
      ...Array.from({ length: 10 }, (): Line[] => {
        const [piece, at] = [roll(pieces), roll(10_000)];
        return [
          [at, { say: wire.lost(piece) }],
          [at + roll(10_000), { say: wire.have(piece) }],
        ];
      }).flat(),
    ],
    serves: content.bytes,
    bytesPerS: 50_000,
  }),
  'chokes in the middle of its blocks': sends((piece, begin, bytes, roll) => {
    const block = wire.piece(piece, begin, bytes);
    return roll(4) === 0 ? Buffer.concat([wire.choke, block, wire.unchoke]) : block;
  }),
};

export const RUDE_KINDS: readonly string[] = Object.keys(MAKERS);

/** Null where it is none of these. */
export function rudePeer(kind: string, roll: Roll, pieces: number, content: Content): FakePeerScript | null {
  return MAKERS[kind]?.(roll, pieces, content) ?? null;
}
