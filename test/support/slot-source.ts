/**
 * A source of blocks for one holder of slots: a peer or a web seed, which gives the blocks that it is asked for one after the
 * other, each in parts. Its bytes are its own, so that in a slot they can be told from those of another.
 */
import { type FakePeer, type FakePeerScript, seedScript } from './fake-peer.ts';
import { payload } from './payload.ts';
import type { Answer } from './virtual-http.ts';
import { INFO_HASH } from './virtual-shard-setup.ts';
import type { VirtualTime } from './virtual-time.ts';
import { wire } from './wire-bytes.ts';

export const BLOCK = 16_384;

export interface SourceOptions {
  /** Milliseconds that a block takes. */
  readonly blockMs: number;
  /** It comes so much later, in milliseconds. */
  readonly startMs?: number;
  /** It stops in the middle of the block after so many, for so long. */
  readonly pause?: { readonly blocks: number; readonly ms: number };
  /** The right bytes, and in this block wrong ones, the first time that it gives it; else bytes of its own. */
  readonly lies?: { readonly block: number } | 'never';
}

export class SlotSource {
  readonly number: number;
  readonly options: SourceOptions;
  /** Blocks that it sent wrong. */
  lied = 0;
  /** It goes on after its pause. */
  onLate = (): void => {};
  /** It is there, and gives. */
  isThere = true;
  #sent = 0;

  /** `number`: from 0 on, no more than 3. */
  constructor(number: number, options: SourceOptions) {
    this.number = number;
    this.options = options;
  }

  /** What this source sends as a block of a piece. */
  block(piece: number, block: number): Uint8Array {
    const { lies } = this.options;
    if (lies === undefined) return Buffer.alloc(BLOCK, this.number * 64 + piece * 8 + block);
    const bytes = payload(piece, block * BLOCK, BLOCK);
    if (lies === 'never' || lies.block !== block || this.lied > 0) return bytes;
    this.lied += 1;
    return bytes.map((byte) => byte ^ 0xff);
  }

  /** As a peer that has all pieces. */
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

  /** As a server with the file of the torrent, in pieces of so many blocks. */
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
