/**
 * A simulated leecher that trades: it has half of the pieces, wants the others from us, and unchokes us when we gave it a block.
 * It checks what we give it.
 */
import type { FakePeer, FakePeerScript } from '../support/fake-peer.ts';
import { handshakeOf, wire } from '../support/wire-bytes.ts';
import type { PeerPlan } from './scenario.ts';
import type { SimContent } from './sim-content.ts';

const BLOCK = 16_384;
/** Requests at one time. */
const MOST_OPEN = 4;
/** Then it unchokes us to find out whether we give. */
const OPTIMISTIC_MS = 20_000;

/** Blocks that traders got from us, over all simulations: a test proves that there are some. */
export const traded = { blocks: 0 };

interface Block {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

export function trader({ seed, bytesPerS }: PeerPlan, content: SimContent): FakePeerScript {
  const { geometry } = content.metainfo;
  const bits = Array.from({ length: geometry.pieceCount }, (_, piece) =>
    (piece + seed) % 2 === 0 ? '1' : '0',
  );
  const trade = new Trade(content, bits);
  return {
    script: [
      [0, { say: handshakeOf(content.infoHash, '-XX0001-trade', ['fast']) }],
      [0, { say: wire.bitfield(bits.join('')) }],
      [0, { say: wire.interested }],
      [OPTIMISTIC_MS, { say: wire.unchoke }],
    ],
    serves: content.bytes,
    bytesPerS,
    hears: (peer, id, payload) => trade.hear(peer, id, payload),
  };
}

class Trade {
  readonly #content: SimContent;
  readonly #bits: readonly string[];
  #dial = 0;
  /** Blocks that it lacks, of pieces that we have told it about. */
  #wanted: Block[] = [];
  #open = 0;
  #isUnchoked = false;
  #hasUnchoked = false;

  constructor(content: SimContent, bits: readonly string[]) {
    this.#content = content;
    this.#bits = bits;
  }

  hear(peer: FakePeer, id: number, payload: Buffer): boolean {
    if (peer.dials !== this.#dial) this.#begin(peer.dials);
    switch (id) {
      case 0:
        this.#isUnchoked = false;
        break;
      case 1:
        this.#isUnchoked = true;
        break;
      case 4:
        this.#learn(payload.readUInt32BE(0));
        break;
      case 5:
        for (let piece = 0; piece < this.#bits.length; piece++)
          if (((payload[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) this.#learn(piece);
        break;
      case 7:
        this.#take(peer, payload);
        break;
      case 14:
        for (let piece = 0; piece < this.#bits.length; piece++) this.#learn(piece);
        break;
      case 16:
        this.#open = Math.max(0, this.#open - 1);
        break;
      default:
        return false;
    }
    this.#ask(peer);
    return true;
  }

  #begin(dial: number): void {
    this.#dial = dial;
    this.#wanted = [];
    this.#open = 0;
    this.#isUnchoked = false;
    this.#hasUnchoked = false;
  }

  #learn(piece: number): void {
    if (this.#bits[piece] === '1' || this.#wanted.some((block) => block.piece === piece)) return;
    const { geometry } = this.#content.metainfo;
    const end = Math.min(geometry.pieceLength, geometry.totalLength - piece * geometry.pieceLength);
    for (let begin = 0; begin < end; begin += BLOCK)
      this.#wanted.push({ piece, begin, length: Math.min(BLOCK, end - begin) });
  }

  #ask(peer: FakePeer): void {
    while (this.#isUnchoked && this.#open < MOST_OPEN) {
      const block = this.#wanted.shift();
      if (block === undefined) return;
      this.#open += 1;
      peer.sayLater(1, wire.request(block.piece, block.begin, block.length));
    }
  }

  #take(peer: FakePeer, payload: Buffer): void {
    const [piece, begin] = [payload.readUInt32BE(0), payload.readUInt32BE(4)];
    const bytes = payload.subarray(8);
    if (Buffer.compare(bytes, this.#content.bytes(piece, begin, bytes.length)) !== 0)
      throw new Error(`we gave wrong bytes of piece ${piece} at ${begin}`);
    traded.blocks += 1;
    this.#open = Math.max(0, this.#open - 1);
    if (this.#hasUnchoked) return;
    this.#hasUnchoked = true;
    peer.sayLater(1, wire.unchoke);
  }
}
