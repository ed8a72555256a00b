/** BEP 10, the extension protocol: the name of the other client, its extensions, and how many requests it queues. */
import type { BencodeDict, BencodeValue } from '../../shared/bencode.ts';
import {
  BencodeError,
  decodeBencodePrefix,
  encodeBencode,
  field,
  integerField,
  isDict,
  textField,
} from '../../shared/bencode.ts';
import { MAX_CLIENT_NAME_CHARS, MAX_METADATA_BYTES, OUR_REQUEST_QUEUE_BLOCKS } from '../../shared/limits.ts';
import { encodeExtended } from './encoder.ts';

/** The extended id of the handshake itself. */
export const EXTENDED_HANDSHAKE = 0;

/** Ports have 16 bits. */
const MAX_PORT = 65_535;

/** The extended ids that other clients must use for us; we choose them. */
export const OUR_EXTENSIONS = {
  ut_metadata: 1,
  ut_pex: 2,
  ut_holepunch: 3,
  /** Ours: what nodes of a cluster say to each other. */
  uc_cluster: 4,
  lt_donthave: 7,
} as const;
export type Extension = keyof typeof OUR_EXTENSIONS;

export interface ExtendedHandshake {
  /** The ids that the peer wants us to use; 0 withdraws one. Only extensions that we know. */
  readonly ids: Partial<Record<Extension, number>>;
  /** Size of its info dictionary (BEP 9); 0 if it has none or sends an impossible value, null if it says nothing. */
  readonly metadataBytes: number | null;
  /** The name of the client (`v`), cut to a sane length; it may still contain control characters. */
  readonly client: string | null;
  /** Requests it queues (`reqq`). */
  readonly requestQueue: number | null;
  /** It wants nothing (BEP 21); null if it says nothing. */
  readonly uploadOnly: boolean | null;
  /** Where it accepts connections (`p`); null if it says nothing. */
  readonly port: number | null;
}

/** What we say in our extended handshake. */
export interface ExtendedOffer {
  /** The size of our info dictionary (BEP 9); null while it is unknown. */
  readonly metadataBytes: number | null;
  readonly extensions: readonly Extension[];
  readonly uploadOnly: boolean;
  /** Where we accept connections; null if we do not. */
  readonly port: number | null;
}

/** The end of our extended handshake, from `yourip` of an IPv4 peer on: the last of the sorted keys. */
export const YOUR_IPV4_FROM_END = 5;

/** Our extended handshake as a whole message. `yourAddress`: the peer's address in network order, if known. */
export function encodeExtendedHandshake(
  client: string,
  yourAddress: Uint8Array | null,
  { metadataBytes, extensions, uploadOnly, port }: ExtendedOffer,
): Buffer {
  const body: BencodeDict = {
    m: Object.fromEntries(extensions.map((name) => [name, OUR_EXTENSIONS[name]])),
    reqq: OUR_REQUEST_QUEUE_BLOCKS,
    v: Buffer.from(client, 'utf8'),
  };
  if (metadataBytes !== null) body['metadata_size'] = metadataBytes;
  if (port !== null) body['p'] = port;
  if (uploadOnly) body['upload_only'] = 1;
  if (yourAddress !== null) body['yourip'] = yourAddress;
  return encodeExtended(EXTENDED_HANDSHAKE, encodeBencode(body));
}

/** Null if the payload (after the extended id) is not a dictionary. Unknown or invalid fields are ignored. */
export function decodeExtendedHandshake(payload: Uint8Array): ExtendedHandshake | null {
  let value: BencodeValue;
  try {
    value = decodeBencodePrefix(payload).value;
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
  if (!isDict(value)) return null;
  const requestQueue = integerField(value, 'reqq');
  const metadataBytes = integerField(value, 'metadata_size');
  const uploadOnly = integerField(value, 'upload_only');
  const port = integerField(value, 'p');
  return {
    ids: idsOf(field(value, 'm')),
    metadataBytes: metadataBytes === undefined ? null : usableSize(metadataBytes),
    client: textField(value, 'v')?.slice(0, MAX_CLIENT_NAME_CHARS) ?? null,
    requestQueue: requestQueue !== undefined && requestQueue > 0 ? requestQueue : null,
    uploadOnly: uploadOnly === undefined ? null : uploadOnly !== 0,
    port: port !== undefined && port > 0 && port <= MAX_PORT ? port : null,
  };
}

function usableSize(bytes: number): number {
  return bytes > 0 && bytes <= MAX_METADATA_BYTES ? bytes : 0;
}

function idsOf(m: BencodeValue | undefined): Partial<Record<Extension, number>> {
  const ids: Partial<Record<Extension, number>> = {};
  if (!isDict(m)) return ids;
  for (const name of Object.keys(OUR_EXTENSIONS) as Extension[]) {
    const id = integerField(m, name);
    if (id !== undefined && id >= 0 && id < 256) ids[name] = id;
  }
  return ids;
}
