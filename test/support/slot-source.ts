/**
 * A source of blocks for one holder of slots: a peer or a web seed that sends the requested blocks one after the other, each in
 * parts. Each source has different bytes, so that a test can see which source wrote a block.
 */
import { type FakePeer, type FakePeerScript, seedScript } from './fake-peer.ts';
import { payload } from './payload.ts';
import type { Answer } from './virtual-http.ts';
import { INFO_HASH } from './virtual-shard-setup.ts';
import type { VirtualTime } from './virtual-time.ts';
import { wire } from './wire-bytes.ts';

export const BLOCK = 16_384;

export interface SourceOptions {
  /** Milliseconds for one block. */
  readonly blockMs: number;
  /** It starts this many milliseconds later. */
  readonly startMs?: number;
  /** After `blocks` blocks it stops in the middle of the next one for `ms`. */
  readonly pause?: { readonly blocks: number; readonly ms: number };
  /** `never`: it sends the right bytes. `block`: this block is bad the first time. Without `lies`: bytes of its own. */
  readonly lies?: { readonly block: number } | 'never';
}

export class SlotSource {
  readonly number: number;
  readonly options: SourceOptions;
  /** Bad blocks that it sent. */
  lied = 0;
  /** Called when it continues after its pause. */
  onLate = (): void => {};
  /** It is up and sends. */
  isThere = true;
  #sent = 0;

  /** `number`: 0 to 3. */
  constructor(number: number, options: SourceOptions) {
    this.number = number;
    this.options = options;
  }

  /** The bytes that this source sends for a block. */
  block(piece: number, block: number): Uint8Array {
    const { lies } = this.options;
    if (lies === undefined) return Buffer.alloc(BLOCK, this.number * 64 + piece * 8 + block);
    const bytes = payload(piece, block * BLOCK, BLOCK);
    if (lies === 'never' || lies.block !== block || this.lied > 0) return bytes;
    this.lied += 1;
    return bytes.map((byte) => byte ^ 0xff);
  }

  /** The source as a peer with all pieces. */
  peer(time: VirtualTime, pieces: number): FakePeerScript {
    const { blockMs, startMs = 0, pause } = this.options;
    const asked: { piece: number; begin: number }[] = [];
    let busy = false;
    const next = (peer: FakePeer): void => {
      const [first] = asked.splice(0, 1);
      busy = first !== undefined;
      if (first === undefined) return;
      const { piece, begin } = first;
      const message = wire.piece(piece, begin, this.block(piece, begin / BLOCK));
      const stopMs = pause?.blocks === this.#sent++ ? pause.ms : 0;
      const half = message.length / 2;
      if (stopMs > 0) time.after(blockMs + stopMs, () => this.onLate());
      peer.sayLater(blockMs / 2, message.subarray(0, half));
      peer.sayLater(blockMs + stopMs, message.subarray(half));
      time.after(blockMs + stopMs + 1, () => next(peer));
    };
    return {
      connect: startMs,
      script: seedScript(INFO_HASH, pieces, 10),
      hears: (peer, id, message) => {
        if (id !== 6 && id !== 8) return false;
        const [piece, begin] = [message.readUInt32BE(0), message.readUInt32BE(4)];
        const at = asked.findIndex((one) => one.piece === piece && one.begin === begin);
        if (id === 8 && at >= 0) asked.splice(at, 1);
        if (id === 6) asked.push({ piece, begin });
        if (!busy) next(peer);
        return true;
      },
    };
  }

  /** The source as a server with the file of the torrent; `blocksPerPiece` gives the piece length. */
  answer(blocksPerPiece: number): Answer {
    const { blockMs, pause } = this.options;
    return ({ from, to }, file) => {
      if (!this.isThere) return 'refused';
      const bytes = Buffer.alloc(to - from);
      for (let at = from - (from % BLOCK); at < to; at += BLOCK) {
        const number = at / BLOCK;
        const block = this.block(Math.floor(number / blocksPerPiece), number % blocksPerPiece);
        bytes.set(block.subarray(Math.max(0, from - at), Math.min(BLOCK, to - at)), Math.max(0, at - from));
      }
      const after = pause === undefined ? -1 : (pause.blocks + 0.5) * BLOCK - from;
      const pauses = pause !== undefined && after > 0 && this.#sent++ === 0;
      return {
        status: 206,
        headers: {
          'content-range': `bytes ${from}-${to - 1}/${file.length}`,
          'content-length': String(to - from),
        },
        body: bytes,
        rate: (BLOCK * 1_000) / blockMs,
        ...(pauses ? { pause: { after, ms: pause.ms, onEnd: () => this.onLate() } } : {}),
      };
    };
  }
}
