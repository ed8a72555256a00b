/** Peers that misbehave, each in one way, for a download beside one honest peer. */
import type { FakePeerScript, Verb } from './fake-peer.ts';
import { payload as madePayload } from './payload.ts';
import { INFO_HASH } from './virtual-shard-setup.ts';
import { handshakeOf, wire } from './wire-bytes.ts';

const BLOCK = 16_384;

const known = new Map<string, Uint8Array>();

/** The payload, made once for each place. Not to be changed. */
export function knownPayload(piece: number, begin: number, length: number): Uint8Array {
  const key = `${piece}:${begin}:${length}`;
  const bytes = known.get(key) ?? madePayload(piece, begin, length);
  known.set(key, bytes);
  return bytes;
}

export type Roll = (below: number) => number;

/** The torrent that they pretend to have. */
export interface Content {
  readonly infoHash: Uint8Array;
  readonly bytes: (piece: number, begin: number, length: number) => Uint8Array;
}

const KNOWN: Content = { infoHash: INFO_HASH, bytes: knownPayload };

export interface Persona {
  readonly name: string;
  readonly script: FakePeerScript;
}

type Maker = (roll: Roll, pieces: number, content: Content) => FakePeerScript;

/** Greets with BEP 6, has all pieces, and unchokes after `unchokeMs`. */
function greeting({ infoHash }: Content, unchokeMs: number): readonly (readonly [number, Verb])[] {
  return [
    [0, { say: handshakeOf(infoHash, '-XX0001-odd', ['fast']) }],
    [0, { say: wire.haveAll }],
    [unchokeMs, { say: wire.unchoke }],
  ];
}

/** Reads a request: `[piece, begin, length]`. */
export function requested(payload: Buffer): [number, number, number] {
  return [payload.readUInt32BE(0), payload.readUInt32BE(4), payload.readUInt32BE(8)];
}

/** The behaviour of each when a block is requested. It greets like a seed. */
const ON_REQUEST: Record<string, (roll: Roll, content: Content) => NonNullable<FakePeerScript['hears']>> = {
  silent: () => () => true,
  crawler: (roll, { bytes: knownPayload }) => {
    const step = 4 + roll(200);
    let busy = false;
    return (peer, id, message) => {
      if (id !== 6 || busy) return id === 6;
      busy = true;
      const [piece, begin, length] = requested(message);
      const bytes = wire.piece(piece, begin, knownPayload(piece, begin, length));
      for (let at = 0; at < bytes.length && at < 600 * step; at += step)
        peer.sayLater((at / step) * 500, bytes.subarray(at, at + step));
      return true;
    };
  },
  flapper: () => {
    let unchokesAt = 0;
    return (peer, id) => {
      if (id !== 6 || peer.now < unchokesAt) return id === 6;
      unchokesAt = peer.now + 500;
      peer.sayLater(1, wire.choke);
      peer.sayLater(500, wire.unchoke);
      return true;
    };
  },
  'rejects some': (roll) => {
    const every = 2 + roll(20);
    let count = 0;
    return (peer, id, message) => {
      if (id !== 6 || ++count % every !== 0) return false;
      peer.sayLater(5, wire.reject(...requested(message)));
      return true;
    };
  },
  'rejects all': () => (peer, id, message) => {
    if (id !== 6) return false;
    peer.sayLater(5, wire.reject(...requested(message)));
    return true;
  },
  'hangs up': (roll) => {
    const after = 1 + roll(20);
    let count = 0;
    return (peer, id) => {
      if (id !== 6) return false;
      if (++count % after === 0) peer.hangUp();
      return count % after === 0;
    };
  },
  'sends the wrong block':
    (_roll, { bytes: knownPayload }) =>
    (peer, id, message) => {
      if (id !== 6) return false;
      const [piece, begin, length] = requested(message);
      peer.sayLater(5, wire.piece(piece, begin === 0 ? BLOCK : 0, knownPayload(piece, begin, length)));
      return true;
    },
};

const MAKERS: Record<string, Maker> = {
  liar: (roll, _pieces, content) => {
    const every = 1 + roll(6);
    let count = 0;
    return {
      script: greeting(content, roll(2_000)),
      delayMs: 5,
      serves: (piece, begin, length) => {
        const bytes = Buffer.from(content.bytes(piece, begin, length));
        if (++count % every === 0) bytes[0] = (bytes[0] ?? 0) ^ 0xff;
        return bytes;
      },
    };
  },
  partial: (roll, pieces, { infoHash, bytes }) => {
    const bits = Array.from({ length: pieces }, () => (roll(2) === 0 ? '1' : '0')).join('');
    return {
      script: [
        [0, { say: handshakeOf(infoHash, '-XX0001-part') }],
        [0, { say: wire.bitfield(bits) }],
        [roll(1_000), { say: wire.unchoke }],
      ],
      serves: bytes,
      bytesPerS: 20_000 + roll(100_000),
    };
  },
  'chokes and offers allowed-fast': (roll, pieces, { infoHash }) => ({
    script: [
      [0, { say: handshakeOf(infoHash, '-XX0001-fast', ['fast']) }],
      [0, { say: wire.haveAll }],
      ...Array.from({ length: Math.min(pieces, 10) }, (_, piece): readonly [number, Verb] => [
        roll(500),
        { say: wire.allowedFast(piece), everyMs: 700 },
      ]),
    ],
  }),
  'suggests at random': (roll, pieces, content) => ({
    script: [
      ...greeting(content, 100 + roll(1_000)),
      ...Array.from({ length: 20 }, (): readonly [number, Verb] => [
        roll(900),
        { say: wire.suggest(roll(pieces)), everyMs: 200 + roll(2_000) },
      ]),
    ],
    serves: content.bytes,
    bytesPerS: 20_000 + roll(100_000),
  }),
  'has nothing': (roll, _pieces, { infoHash }) => ({
    script: [
      [0, { say: handshakeOf(infoHash, '-XX0001-none', ['fast']) }],
      [0, { say: wire.haveNone }],
      [roll(500), { say: wire.unchoke }],
    ],
  }),
  'falls silent': (roll, _pieces, content) => {
    let left = 1 + roll(40);
    return {
      script: greeting(content, roll(1_000)),
      delayMs: 5,
      serves: (...place) => (left-- > 0 ? content.bytes(...place) : null),
    };
  },
  'shouts unasked': (roll, _pieces, content) => ({
    script: [
      ...greeting(content, roll(1_000)),
      [roll(3_000), { say: wire.piece(0, 0, content.bytes(0, 0, BLOCK)), everyMs: 200 + roll(1_000) }],
      [roll(3_000), { say: wire.have(0), everyMs: 100 }],
    ],
    serves: content.bytes,
    bytesPerS: 30_000,
  }),
  'never answers': () => ({ connect: 'ignore' }),
};

export const PERSONAS: readonly string[] = [...Object.keys(ON_REQUEST), ...Object.keys(MAKERS)];

/** A random one that misbehaves. */
export function persona(roll: Roll, pieces: number): Persona {
  return personaOf(PERSONAS[roll(PERSONAS.length)] ?? 'silent', roll, pieces);
}

/** One that misbehaves in this way. */
export function personaOf(name: string, roll: Roll, pieces: number, content: Content = KNOWN): Persona {
  const hears = ON_REQUEST[name]?.(roll, content);
  if (hears === undefined) return { name, script: MAKERS[name]?.(roll, pieces, content) ?? {} };
  const script = greeting(content, roll(2_000));
  return { name, script: { script, serves: content.bytes, delayMs: 5, hears } };
}

/** Has everything, unchokes soon, and sends at a rate. */
export function honest(bytesPerS: number, unchokeMs: number, content: Content = KNOWN): FakePeerScript {
  return {
    script: [
      [0, { say: handshakeOf(content.infoHash, '-XX0001-good', ['fast']) }],
      [0, { say: wire.haveAll }],
      [unchokeMs, { say: wire.unchoke }],
    ],
    serves: content.bytes,
    bytesPerS,
  };
}
