/** The messages that ask for hashes of a tree, send them and refuse them (BEP 52). */
import type { HashRequest } from '../../shared/hash-messages.ts';
import { MAX_HASHES, MAX_TREE_LAYERS } from '../../shared/limits.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import { MESSAGE } from './message.ts';

/** After the id: a root and four numbers. */
const HASH_REQUEST_BYTES = TREE_HASH_BYTES + 16;
/** The id, the request, and the hashes with one for each layer. */
export const MAX_HASHES_FRAME_BYTES =
  1 + HASH_REQUEST_BYTES + (MAX_HASHES + MAX_TREE_LAYERS) * TREE_HASH_BYTES;

export function isHashesLength(frameLength: number): boolean {
  const bytes = frameLength - 1 - HASH_REQUEST_BYTES;
  return bytes >= 0 && bytes % TREE_HASH_BYTES === 0;
}

export const encodeHashRequest = (request: HashRequest): Buffer => encode(MESSAGE.hashRequest, request);
export const encodeHashReject = (request: HashRequest): Buffer => encode(MESSAGE.hashReject, request);

export function encodeHashes(request: HashRequest, hashes: Uint8Array): Buffer {
  return encode(MESSAGE.hashes, request, hashes);
}

/** The request at the start of any of these messages, after its id. It has its own bytes. */
export function decodeHashRequest(payload: Buffer): HashRequest {
  const number = (place: number): number => payload.readUInt32BE(TREE_HASH_BYTES + 4 * place);
  return {
    root: Uint8Array.from(payload.subarray(0, TREE_HASH_BYTES)),
    base: number(0),
    index: number(1),
    count: number(2),
    proofs: number(3),
  };
}

/** What follows the request. It has its own bytes. */
export function decodeHashes(payload: Buffer): Uint8Array {
  return Uint8Array.from(payload.subarray(HASH_REQUEST_BYTES));
}

function encode(id: number, { root, base, index, count, proofs }: HashRequest, hashes?: Uint8Array): Buffer {
  const length = 1 + HASH_REQUEST_BYTES + (hashes?.length ?? 0);
  const bytes = Buffer.allocUnsafe(4 + length);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = id;
  bytes.set(root, 5);
  for (const [i, value] of [base, index, count, proofs].entries())
    bytes.writeUInt32BE(value, 5 + TREE_HASH_BYTES + 4 * i);
  if (hashes !== undefined) bytes.set(hashes, 5 + HASH_REQUEST_BYTES);
  return bytes;
}
