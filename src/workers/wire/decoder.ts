/**
 * Cuts the stream of one peer into messages. It accepts any split of the bytes and keeps at most one unfinished message; it
 * checks the length against the kind of message and the torrent before it keeps a byte. "Need more" is a plain return. A
 * stream with an error is a value; after that, the decoder must not be used again.
 *
 * Blocks are not collected: their bytes go from the read buffer directly to where the sink wants them.
 */
import type { CloseCode } from '../../shared/close-reason.ts';
import {
  BLOCK_BYTES,
  MAX_EXTENDED_BYTES,
  MAX_PIECES,
  MAX_UNKNOWN_MESSAGE_BYTES,
} from '../../shared/limits.ts';
import { copyShared } from '../../shared/shared-copy.ts';
import type { Handshake } from './handshake.ts';
import { decodeHandshake, HANDSHAKE_BYTES, mayBeHandshake } from './handshake.ts';
import { isHashesLength, MAX_HASHES_FRAME_BYTES } from './hash-message.ts';
import { BLOCK_HEADER_BYTES, FIXED_LENGTH, MESSAGE } from './message.ts';

/** The possible errors of a stream. */
export type WireFault = Extract<
  CloseCode,
  'not-bittorrent' | 'frame-too-long' | 'bad-length' | 'bad-bitfield'
>;

/** Receives what the decoder finds. False means that the peer was closed, so decoding must stop. */
export interface FrameSink {
  handshake(handshake: Handshake): boolean;
  keepAlive(): boolean;
  /** A message that is not read begins; its bytes are skipped. */
  passedOver(): boolean;
  /** `payload` is the message after its id, in the read buffer: valid only during the call. */
  message(id: number, payload: Buffer): boolean;
  /** A block begins. Its bytes are copied to `offset` of `target`, or dropped if `offset` is negative. */
  blockStart(
    piece: number,
    begin: number,
    length: number,
  ): { readonly target: Buffer; readonly offset: number };
  /** All bytes of the current block have arrived. */
  blockEnd(): boolean;
}

const PREFIX_BYTES = 4 + BLOCK_HEADER_BYTES;
const NOWHERE = Buffer.alloc(0);
/** Messages that are read, beside those with a fixed length and blocks. */
const VARIABLE_LENGTH: ReadonlySet<number> = new Set([MESSAGE.bitfield, MESSAGE.extended, MESSAGE.hashes]);

export class FrameDecoder {
  /** Null while the torrent is unknown. */
  #bitfieldBytes: number | null;
  /** The start of a message: its length, its id, and for a block its index and begin. */
  readonly #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixLength = 0;
  #awaitingHandshake = true;
  /** The handshake, or the payload of a message that arrived in parts. */
  #gather: Buffer | null = null;
  #gathered = 0;
  #gatherId = 0;
  /** Missing bytes of the current block, or of a skipped message. */
  #streaming = 0;
  #streamIsBlock = false;
  #target: Buffer = NOWHERE;
  #offset = -1;

  /** `pieceCount`: null while it is unknown, as with a magnet link at first. */
  constructor(pieceCount: number | null) {
    this.#bitfieldBytes = pieceCount === null ? null : Math.ceil(pieceCount / 8);
  }

  /** The torrent is known now. */
  setPieceCount(pieceCount: number): void {
    this.#bitfieldBytes = Math.ceil(pieceCount / 8);
  }

  /** Missing bytes of the current block. */
  get blockRemaining(): number {
    return this.#streamIsBlock ? this.#streaming : 0;
  }

  /** The rest of the current block goes to `offset` of `target`, or is dropped if `offset` is negative. */
  moveBlock({ target, offset }: { readonly target: Buffer; readonly offset: number }): void {
    this.#target = target;
    this.#offset = offset;
  }

  /** Decodes `chunk[0, length)`. Null means that there is no error so far, or that the sink closed the peer. */
  push(chunk: Buffer, length: number, sink: FrameSink): WireFault | null {
    let at = 0;
    if (this.#awaitingHandshake) {
      const used = this.#pushHandshake(chunk, length, sink);
      if (typeof used !== 'number') return used.fault;
      at = used;
    }
    while (at < length) {
      if (this.#streaming > 0) at = this.#stream(chunk, at, length);
      else if (this.#gather !== null) at = this.#fill(this.#gather, chunk, at, length);
      else {
        const used = this.#pushPrefix(chunk, at, length, sink);
        if (typeof used !== 'number') return used.fault;
        at = used;
      }
      if (!this.#finish(sink)) return null;
    }
    return null;
  }

  #pushHandshake(chunk: Buffer, length: number, sink: FrameSink): number | Ended {
    this.#gather ??= Buffer.alloc(HANDSHAKE_BYTES);
    const at = this.#fill(this.#gather, chunk, 0, length);
    if (!mayBeHandshake(this.#gather, this.#gathered)) return { fault: 'not-bittorrent' };
    if (this.#gathered < HANDSHAKE_BYTES) return at;
    const handshake = decodeHandshake(this.#gather);
    this.#gather = null;
    this.#gathered = 0;
    this.#awaitingHandshake = false;
    return sink.handshake(handshake) ? at : ENDED;
  }

  /** Continues with the prefix of a message; returns where the chunk continues. */
  #pushPrefix(chunk: Buffer, start: number, end: number, sink: FrameSink): number | Ended {
    // The whole prefix is nearly always in the chunk: then it is read there.
    if (this.#prefixLength > 0 || end - start < PREFIX_BYTES)
      return this.#pushSplitPrefix(chunk, start, end, sink);
    const frameLength = chunk.readUInt32BE(start);
    if (frameLength === 0) {
      return sink.keepAlive() ? start + 4 : ENDED;
    }
    const id = chunk[start + 4] as number;
    const fault = this.#check(id, frameLength);
    if (fault !== null) return { fault };
    if (id !== MESSAGE.piece) return this.#startMessage(id, frameLength - 1, chunk, start + 5, end, sink);
    this.#startBlock(chunk, start, frameLength, sink);
    return start + PREFIX_BYTES;
  }

  /** The same if the prefix arrives in parts: first its length, then its id, then the rest of a block's header. */
  #pushSplitPrefix(chunk: Buffer, start: number, end: number, sink: FrameSink): number | Ended {
    const prefix = this.#prefix;
    const kept = this.#prefixLength;
    const wanted = kept < 4 ? 4 : kept < 5 ? 5 : PREFIX_BYTES;
    const count = Math.min(wanted - kept, end - start);
    chunk.copy(prefix, kept, start, start + count);
    this.#prefixLength = kept + count;
    const at = start + count;
    if (this.#prefixLength < wanted) return at;
    const frameLength = prefix.readUInt32BE(0);
    const id = prefix[4] as number;
    if (wanted === 4) {
      if (frameLength > 0) return at;
      this.#prefixLength = 0;
      return sink.keepAlive() ? at : ENDED;
    }
    if (wanted === 5) {
      const fault = this.#check(id, frameLength);
      if (fault !== null) return { fault };
      if (id === MESSAGE.piece) return at;
      this.#prefixLength = 0;
      return this.#startMessage(id, frameLength - 1, chunk, at, end, sink);
    }
    this.#prefixLength = 0;
    this.#startBlock(prefix, 0, frameLength, sink);
    return at;
  }

  #startBlock(from: Buffer, base: number, frameLength: number, sink: FrameSink): void {
    this.#streaming = frameLength - BLOCK_HEADER_BYTES;
    this.#streamIsBlock = true;
    const place = sink.blockStart(from.readUInt32BE(base + 5), from.readUInt32BE(base + 9), this.#streaming);
    this.#target = place.target;
    this.#offset = place.offset;
  }

  #startMessage(
    id: number,
    length: number,
    chunk: Buffer,
    at: number,
    end: number,
    sink: FrameSink,
  ): number | Ended {
    if (!this.#isKept(id)) {
      this.#streaming = length;
      this.#streamIsBlock = false;
      this.#offset = -1;
      return sink.passedOver() ? at : ENDED;
    }
    if (end - at >= length) return sink.message(id, chunk.subarray(at, at + length)) ? at + length : ENDED;
    this.#gather = Buffer.allocUnsafe(length);
    this.#gathered = 0;
    this.#gatherId = id;
    return at;
  }

  #stream(chunk: Buffer, at: number, end: number): number {
    const count = Math.min(this.#streaming, end - at);
    if (this.#offset >= 0) {
      copyShared(this.#target, this.#offset, chunk, at, at + count);
      this.#offset += count;
    }
    this.#streaming -= count;
    return at + count;
  }

  #fill(gather: Buffer, chunk: Buffer, at: number, end: number): number {
    const count = Math.min(gather.length - this.#gathered, end - at);
    chunk.copy(gather, this.#gathered, at, at + count);
    this.#gathered += count;
    return at + count;
  }

  /** Passes on what is now complete. False means that the sink closed the peer. */
  #finish(sink: FrameSink): boolean {
    if (this.#streaming > 0) return true;
    if (this.#streamIsBlock) {
      this.#streamIsBlock = false;
      this.#target = NOWHERE;
      return sink.blockEnd();
    }
    if (this.#gather !== null && this.#gathered === this.#gather.length) {
      const payload = this.#gather;
      this.#gather = null;
      this.#gathered = 0;
      return sink.message(this.#gatherId, payload);
    }
    return true;
  }

  #isKept(id: number): boolean {
    return FIXED_LENGTH.has(id) || VARIABLE_LENGTH.has(id);
  }

  #isBitfieldLength(bytes: number): boolean {
    return this.#bitfieldBytes === null
      ? bytes > 0 && bytes <= MAX_PIECES / 8
      : bytes === this.#bitfieldBytes;
  }

  /** The largest length by message id and geometry: a length is accepted only if its message can have it. */
  #check(id: number, frameLength: number): WireFault | null {
    const fixed = FIXED_LENGTH.get(id);
    if (fixed !== undefined) return frameLength === fixed ? null : 'bad-length';
    switch (id) {
      case MESSAGE.piece:
        if (frameLength > BLOCK_HEADER_BYTES + BLOCK_BYTES) return 'frame-too-long';
        return frameLength > BLOCK_HEADER_BYTES ? null : 'bad-length';
      case MESSAGE.bitfield:
        return this.#isBitfieldLength(frameLength - 1) ? null : 'bad-bitfield';
      case MESSAGE.extended:
        if (frameLength > 1 + MAX_EXTENDED_BYTES) return 'frame-too-long';
        return frameLength >= 2 ? null : 'bad-length';
      case MESSAGE.hashes:
        if (frameLength > MAX_HASHES_FRAME_BYTES) return 'frame-too-long';
        return isHashesLength(frameLength) ? null : 'bad-length';
      default:
        return frameLength > MAX_UNKNOWN_MESSAGE_BYTES ? 'frame-too-long' : null;
    }
  }
}

/** The stream ended here: with an error, or because the sink closed the peer. */
interface Ended {
  readonly fault: WireFault | null;
}
const ENDED: Ended = { fault: null };
