/** A leech in virtual time: it wants data from a shard, requests it, and counts what it gets. */
import type { PeerIndex } from '../../src/shared/indices.ts';
import { type FakePeer, type FakePeerScript, seedScript } from './fake-peer.ts';
import { VirtualShard } from './virtual-shard.ts';
import { INFO_HASH, type VirtualShardOptions } from './virtual-shard-setup.ts';
import { handshakeOf, wire } from './wire-bytes.ts';

export const BLOCK = 16_384;

/** A message of the shard: its id, and the three numbers of a request, a reject, or (without a length) a block. */
export interface Heard {
  readonly ms: number;
  readonly id: number;
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

export interface Leech {
  readonly script: FakePeerScript;
  readonly heard: Heard[];
  readonly blocks: () => readonly Heard[];
  readonly rejects: () => readonly Heard[];
}

/**
 * `asks`: what it requests when it is unchoked; without them, the first block of each piece that it may request while it is
 * choked (BEP 6). `says`: what it says, and when.
 */
export function leech(
  asks: readonly (readonly [piece: number, begin: number, length: number])[] = [],
  options: Partial<FakePeerScript> & {
    readonly fast?: boolean;
    /** What it says of its extensions (BEP 10), bencoded. */
    readonly extended?: string;
    /** Its bitfield, as zeros and ones; without it, it says that it has nothing. */
    readonly has?: string;
    readonly says?: readonly (readonly [number, Uint8Array])[];
  } = {},
): Leech {
  const { fast = true, has, extended, says = [], ...rest } = options;
  const pieces = has === undefined ? (fast ? [wire.haveNone] : []) : [wire.bitfield(has)];
  const heard: Heard[] = [];
  const greeting = handshakeOf(INFO_HASH, '-LE0001-leech', [
    ...(fast ? (['fast'] as const) : []),
    ...(extended === undefined ? [] : (['ext'] as const)),
  ]);
  const extensions = extended === undefined ? [] : [wire.extended(0, extended)];
  return {
    heard,
    blocks: () => heard.filter(({ id }) => id === 7),
    rejects: () => heard.filter(({ id }) => id === 16),
    script: {
      script: [
        [0, { say: Buffer.concat([greeting, ...pieces, ...extensions, wire.interested]) }],
        ...says.map(([ms, bytes]) => [ms, { say: bytes }] as const),
      ],
      hears: (peer, id, payload) => {
        const number = (at: number): number => (payload.length >= at + 4 ? payload.readUInt32BE(at) : -1);
        const length = id === 7 ? payload.length - 8 : number(8);
        heard.push({ ms: peer.now, id, piece: number(0), begin: number(4), length });
        if (id === 17 && asks.length === 0) peer.say(wire.request(number(0), 0, BLOCK));
        if (id === 1 && asks.length > 0) peer.say(Buffer.concat(asks.map((ask) => wire.request(...ask))));
        return undefined;
      },
      ...rest,
    },
  };
}

/** All blocks of the first pieces. */
export function blocksOf(pieces: number, blocksPerPiece = 2): [number, number, number][] {
  return Array.from({ length: pieces * blocksPerPiece }, (_, i) => [
    Math.floor(i / blocksPerPiece),
    (i % blocksPerPiece) * BLOCK,
    BLOCK,
  ]);
}

/** A shard that has pieces. The leeches are unchoked at once, unless the test does it. */
export class GivingShard {
  readonly shard: VirtualShard;
  readonly fakes: readonly FakePeer[];

  constructor(
    options: VirtualShardOptions,
    leeches: readonly Leech[],
    others: readonly FakePeerScript[] = [],
  ) {
    this.shard = new VirtualShard({ pieces: 8, verified: 8, slots: 1, chokedTimeoutMs: 600_000, ...options });
    this.fakes = this.shard.add(...leeches.map(({ script }) => script), ...others);
  }

  /** Reads end between two steps, as they take no virtual time. */
  async run(ms: number, step = 5): Promise<void> {
    for (let at = 0; at < ms; at += step) {
      this.shard.run(step);
      await this.shard.disk.idle();
    }
  }

  choose(unchoke: readonly number[], choke: readonly number[] = []): void {
    this.shard.command({
      type: 'choose',
      unchoke: unchoke as PeerIndex[],
      choke: choke as PeerIndex[],
    });
  }

  /** The last report of the peers that want data. */
  get contenders() {
    const all = this.shard.events.flatMap((event) => (event.type === 'contenders' ? [event] : []));
    return all.at(-1);
  }
}

export const complete = (pieces = 8): FakePeerScript => ({ script: seedScript(INFO_HASH, pieces, 5) });
