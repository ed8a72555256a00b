/** BEP 10, the extension protocol: who the other client is, and how many requests it queues. */
import type { BencodeDict } from '../../shared/bencode.ts';
import {
  BencodeError,
  decodeBencode,
  encodeBencode,
  integerField,
  isDict,
  textField,
} from '../../shared/bencode.ts';
import { MAX_CLIENT_NAME_CHARS, OUR_REQUEST_QUEUE_BLOCKS } from '../../shared/limits.ts';
import { encodeExtended } from './encoder.ts';

/** The extended id of the handshake itself. */
export const EXTENDED_HANDSHAKE = 0;

export interface ExtendedHandshake {
  /** What the client calls itself (`v`), cut to a sane length; control characters are still in it. */
  readonly client: string | null;
  /** Requests it queues (`reqq`). */
  readonly requestQueue: number | null;
}

/** Our extended handshake as a whole message. `yourAddress`: the peer's address in network order, if known. */
export function encodeExtendedHandshake(client: string, yourAddress: Uint8Array | null): Buffer {
  const body: BencodeDict = { m: {}, reqq: OUR_REQUEST_QUEUE_BLOCKS, v: Buffer.from(client, 'utf8') };
  if (yourAddress !== null) body['yourip'] = yourAddress;
  return encodeExtended(EXTENDED_HANDSHAKE, encodeBencode(body));
}

/** Null where the payload (behind the extended id) is not a dictionary. Unknown or odd fields are passed over. */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake | null {
  let value: ReturnType<typeof decodeBencode>['value'];
  try {
    value = decodeBencode(payload).value;
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
  if (!isDict(value)) return null;
  const requestQueue = integerField(value, 'reqq');
  return {
    client: textField(value, 'v')?.slice(0, MAX_CLIENT_NAME_CHARS) ?? null,
    requestQueue: requestQueue !== undefined && requestQueue > 0 ? requestQueue : null,
  };
}
