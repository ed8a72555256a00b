/** Bytes of the messages that we send. Those without a payload are made once. */
import { BLOCK_HEADER_BYTES, MESSAGE } from './message.ts';

const REQUEST_BYTES = 17;

export const KEEP_ALIVE = Buffer.alloc(4);
export const INTERESTED = bare(MESSAGE.interested);
export const NOT_INTERESTED = bare(MESSAGE.notInterested);
export const HAVE_NONE = bare(MESSAGE.haveNone);
export const HAVE_ALL = bare(MESSAGE.haveAll);
export const CHOKE = bare(MESSAGE.choke);
export const UNCHOKE = bare(MESSAGE.unchoke);

function bare(id: number): Buffer {
  return Buffer.from([0, 0, 0, 1, id]);
}

export const encodeHave = (piece: number): Buffer => onePiece(MESSAGE.have, piece);

/** The peer may request this piece also while we choke it (BEP 6). */
export const encodeAllowedFast = (piece: number): Buffer => onePiece(MESSAGE.allowedFast, piece);

/** We can give this piece at little cost (BEP 6). */
export const encodeSuggest = (piece: number): Buffer => onePiece(MESSAGE.suggestPiece, piece);

function onePiece(id: number, piece: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes.writeUInt32BE(5, 0);
  bytes[4] = id;
  bytes.writeUInt32BE(piece, 5);
  return bytes;
}

/** `bits`: the highest bit of the first byte is the first piece (BEP 3). */
export function encodeBitfield(bits: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(5 + bits.length);
  bytes.writeUInt32BE(1 + bits.length, 0);
  bytes[4] = MESSAGE.bitfield;
  bytes.set(bits, 5);
  return bytes;
}

export function encodeCancel(piece: number, begin: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(REQUEST_BYTES);
  writeRequest(bytes, 0, MESSAGE.cancel, piece, begin, length);
  return bytes;
}

/** The answer to a request that we do not serve (BEP 6). */
export function encodeReject(piece: number, begin: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(REQUEST_BYTES);
  writeRequest(bytes, 0, MESSAGE.rejectRequest, piece, begin, length);
  return bytes;
}

/** Length, id, piece and begin: what comes before the bytes of a block (BEP 3). */
export const BLOCK_HEAD_BYTES = 4 + BLOCK_HEADER_BYTES;

export function writeBlockHead(
  bytes: Buffer,
  at: number,
  piece: number,
  begin: number,
  length: number,
): void {
  bytes.writeUInt32BE(BLOCK_HEADER_BYTES + length, at);
  bytes[at + 4] = MESSAGE.piece;
  bytes.writeUInt32BE(piece, at + 5);
  bytes.writeUInt32BE(begin, at + 9);
}

export function encodeBlockHead(piece: number, begin: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(BLOCK_HEAD_BYTES);
  writeBlockHead(bytes, 0, piece, begin, length);
  return bytes;
}

/** Requests, cancels and rejects have one form (BEP 3, BEP 6). */
function writeRequest(
  bytes: Buffer,
  at: number,
  id: number,
  piece: number,
  begin: number,
  length: number,
): void {
  bytes.writeUInt32BE(REQUEST_BYTES - 4, at);
  bytes[at + 4] = id;
  bytes.writeUInt32BE(piece, at + 5);
  bytes.writeUInt32BE(begin, at + 9);
  bytes.writeUInt32BE(length, at + 13);
}

/** `<length><20><extended id><payload>` (BEP 10). */
export function encodeExtended(extendedId: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(6 + payload.length);
  bytes.writeUInt32BE(2 + payload.length, 0);
  bytes[4] = MESSAGE.extended;
  bytes[5] = extendedId;
  bytes.set(payload, 6);
  return bytes;
}

/** We no longer have this piece (BEP 54). */
export function encodeLost(extendedId: number, piece: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(piece);
  return encodeExtended(extendedId, payload);
}

/**
 * Collects the requests to one peer in one buffer, so that they leave in one write. `take` gives the buffer away, because the
 * kernel may still read it after the write returned.
 */
export class RequestBatch {
  #bytes: Buffer | null = null;
  #count = 0;

  /** `room`: the largest number of requests in this batch, for the size of its buffer. */
  add(piece: number, begin: number, length: number, room: number): void {
    this.#bytes ??= Buffer.allocUnsafe(Math.max(1, room) * REQUEST_BYTES);
    if ((this.#count + 1) * REQUEST_BYTES > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2);
    }
    writeRequest(this.#bytes, this.#count++ * REQUEST_BYTES, MESSAGE.request, piece, begin, length);
  }

  /** The bytes to write, or null if there are none. The batch is empty afterwards. */
  take(): Buffer | null {
    if (this.#bytes === null || this.#count === 0) return null;
    const bytes = this.#bytes.subarray(0, this.#count * REQUEST_BYTES);
    this.#bytes = null;
    this.#count = 0;
    return bytes;
  }
}
