/**
 * What nodes of a cluster say to each other, in messages of the extension `uc_cluster` (BEP 10). First `hello` and `proof`, open; from
 * then on sealed messages. All are bencoded dictionaries.
 */
import { isIP } from 'node:net';
import {
  type BencodeDict,
  BencodeError,
  type BencodeValue,
  bytesField,
  encodeBencode,
  field,
  integerField,
  isDict,
  listField,
  openBencode,
  textField,
} from '../../shared/bencode.ts';
import type { HostPort } from '../../shared/compact-peers.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_CLUSTER_NODES, MAX_NODE_MESSAGE_BYTES, MAX_NODE_PIECES } from '../../shared/limits.ts';
import { PIECE_HASH_BYTES } from '../../shared/piece-hashes.ts';
import type { Sayer } from '../torrent/learned-hashes.ts';

export const NODE_ID_BYTES = 20;
export const NONCE_BYTES = 32;
const MAX_NAME_CHARS = 64;
const MAX_PORT = 65_535;

export type Greeting =
  | { readonly kind: 'hello'; readonly id: Uint8Array; readonly nonce: Uint8Array }
  | { readonly kind: 'proof'; readonly proof: Uint8Array }
  | { readonly kind: 'sealed'; readonly body: Uint8Array; readonly code: Uint8Array };

/** How far a node is. */
export interface NodeState {
  readonly name: string;
  /** Where it accepts connections; null if it does not. */
  readonly port: number | null;
  /** Names the pieces that it wants; null while the torrent is unknown to it. */
  readonly wants: string | null;
  readonly isComplete: boolean;
  /** Of a plain file: it fetches everything, and makes the hashes of the pieces. */
  readonly makesHashes: boolean;
  /** 0: it never resigned as the maker. Else its place among all that did: the highest was the last. */
  readonly resigned: number;
  /** It knows that the receiver is complete. */
  readonly seesComplete: boolean;
  /** So many nodes were complete at one moment, and that was all that there are, as far as it knows; 0: it has not seen that. */
  readonly allSeen: number;
  /** Its last word: it is complete, and ends in order. */
  readonly leaves: boolean;
  /** Pieces of its share that nobody has begun. */
  readonly left: number;
  /** Bytes per second from outside. */
  readonly bytesPerS: number;
  /** Pieces that it is fetching from outside. */
  readonly busy: readonly PieceIndex[];
  /** Bytes so far. */
  readonly outsideBytes: number;
  readonly nodeBytes: number;
}

/** The hash of a piece of a plain file: SHA-1, 20 bytes. */
export interface KnownHash {
  readonly piece: PieceIndex;
  readonly hash: Uint8Array;
}

/** A node that another one knows. */
export interface KnownNode {
  readonly id: string;
  readonly name: string;
  readonly isComplete: boolean;
  /** Null if nobody can dial it. */
  readonly address: HostPort | null;
}

export type NodeSays =
  | { readonly kind: 'state'; readonly state: NodeState }
  | { readonly kind: 'nodes'; readonly nodes: readonly KnownNode[] }
  /** It has nothing left to fetch from outside. */
  | { readonly kind: 'ask'; readonly bytesPerS: number }
  /** These pieces of the sender's share are for the receiver now; the answer to `ask`. */
  | { readonly kind: 'give'; readonly pieces: readonly PieceIndex[] }
  /** It needs the hashes of these pieces of a plain file. */
  | { readonly kind: 'want'; readonly pieces: readonly PieceIndex[] }
  /** `by`: the node that made them; null if it was the sender. */
  | { readonly kind: 'hashes'; readonly known: readonly KnownHash[]; readonly by: Sayer | null };

export function encodeGreeting(greeting: Greeting): Uint8Array {
  switch (greeting.kind) {
    case 'hello':
      return encodeBencode({ i: greeting.id, n: greeting.nonce, t: word('h') });
    case 'proof':
      return encodeBencode({ p: greeting.proof, t: word('p') });
    case 'sealed':
      return encodeBencode({ b: greeting.body, c: greeting.code, t: word('s') });
  }
}

/** Null if it is none. */
export function decodeGreeting(bytes: Uint8Array): Greeting | null {
  const dict = bytes.length > MAX_NODE_MESSAGE_BYTES ? null : dictIn(bytes);
  if (dict === null) return null;
  const get = (key: string): Uint8Array | null => bytesField(dict, key) ?? null;
  switch (textField(dict, 't')) {
    case 'h': {
      const [id, nonce] = [get('i'), get('n')];
      if (id?.length !== NODE_ID_BYTES || nonce?.length !== NONCE_BYTES) return null;
      return { kind: 'hello', id, nonce };
    }
    case 'p': {
      const proof = get('p');
      return proof === null ? null : { kind: 'proof', proof };
    }
    case 's': {
      const [body, code] = [get('b'), get('c')];
      return body === null || code === null ? null : { kind: 'sealed', body, code };
    }
    default:
      return null;
  }
}

export function encodeNodeSays(says: NodeSays): Uint8Array {
  switch (says.kind) {
    case 'state': {
      const { state } = says;
      return encodeBencode({
        a: state.allSeen,
        b: packed(state.busy),
        c: state.isComplete ? 1 : 0,
        d: state.resigned,
        e: state.leaves ? 1 : 0,
        i: state.nodeBytes,
        l: state.left,
        m: state.makesHashes ? 1 : 0,
        n: word(state.name.slice(0, MAX_NAME_CHARS)),
        o: state.outsideBytes,
        ...(state.port === null ? {} : { p: state.port }),
        r: Math.round(state.bytesPerS),
        s: state.seesComplete ? 1 : 0,
        t: word('s'),
        ...(state.wants === null ? {} : { w: word(state.wants) }),
      });
    }
    case 'nodes':
      return encodeBencode({ n: says.nodes.slice(0, MAX_CLUSTER_NODES).map(dictOf), t: word('n') });
    case 'ask':
      return encodeBencode({ r: Math.round(says.bytesPerS), t: word('a') });
    case 'give':
      return encodeBencode({ p: packed(says.pieces), t: word('g') });
    case 'want':
      return encodeBencode({ p: packed(says.pieces), t: word('w') });
    case 'hashes': {
      const known = says.known.slice(0, MAX_NODE_PIECES);
      const hashes = Buffer.concat(known.map(({ hash }) => hash));
      const { by } = says;
      return encodeBencode({
        ...(by === null ? {} : { b: Buffer.from(by.id, 'hex') }),
        h: hashes,
        ...(by === null ? {} : { n: word(by.name.slice(0, MAX_NAME_CHARS)) }),
        p: packed(known.map(({ piece }) => piece)),
        t: word('h'),
      });
    }
  }
}

/** Null if it is nothing that we know: a later version may say more. Pieces that the torrent does not have are the caller's to refuse. */
export function decodeNodeSays(bytes: Uint8Array): NodeSays | null {
  const dict = dictIn(bytes);
  if (dict === null) return null;
  switch (textField(dict, 't')) {
    case 's':
      return { kind: 'state', state: stateOf(dict) };
    case 'n':
      return { kind: 'nodes', nodes: (listField(dict, 'n', MAX_CLUSTER_NODES) ?? []).flatMap(knownNodeOf) };
    case 'a':
      return { kind: 'ask', bytesPerS: countOf(dict, 'r') };
    case 'g':
      return { kind: 'give', pieces: unpacked(dict, 'p') };
    case 'w':
      return { kind: 'want', pieces: unpacked(dict, 'p') };
    case 'h':
      return { kind: 'hashes', known: hashesIn(dict), by: sayerIn(dict) };
    default:
      return null;
  }
}

/** Null if it is none: strangers may send anything. */
function dictIn(bytes: Uint8Array): BencodeDict | null {
  try {
    return openBencode(bytes);
  } catch (error) {
    if (error instanceof BencodeError) return null;
    throw error;
  }
}

function stateOf(dict: BencodeDict): NodeState {
  return {
    name: (textField(dict, 'n') ?? '').slice(0, MAX_NAME_CHARS),
    port: portOf(dict),
    wants: textField(dict, 'w')?.slice(0, MAX_NAME_CHARS) ?? null,
    isComplete: countOf(dict, 'c') > 0,
    makesHashes: countOf(dict, 'm') > 0,
    resigned: countOf(dict, 'd'),
    seesComplete: countOf(dict, 's') > 0,
    allSeen: countOf(dict, 'a'),
    leaves: countOf(dict, 'e') > 0,
    left: countOf(dict, 'l'),
    bytesPerS: countOf(dict, 'r'),
    busy: unpacked(dict, 'b'),
    outsideBytes: countOf(dict, 'o'),
    nodeBytes: countOf(dict, 'i'),
  };
}

function hashesIn(dict: BencodeDict): KnownHash[] {
  const hashes = bytesField(dict, 'h') ?? new Uint8Array(0);
  const hashAt = (i: number): Uint8Array => hashes.subarray(i * PIECE_HASH_BYTES, (i + 1) * PIECE_HASH_BYTES);
  return unpacked(dict, 'p')
    .map((piece, i) => ({ piece, hash: hashAt(i) }))
    .filter(({ hash }) => hash.length === PIECE_HASH_BYTES);
}

function sayerIn(dict: BencodeDict): Sayer | null {
  const id = bytesField(dict, 'b');
  if (id?.length !== NODE_ID_BYTES) return null;
  const name = (textField(dict, 'n') ?? '').slice(0, MAX_NAME_CHARS);
  return { id: Buffer.from(id).toString('hex'), name };
}

function dictOf({ id, name, isComplete, address }: KnownNode): BencodeDict {
  return {
    c: isComplete ? 1 : 0,
    ...(address === null ? {} : { h: word(address.host) }),
    i: Buffer.from(id, 'hex'),
    n: word(name.slice(0, MAX_NAME_CHARS)),
    ...(address === null ? {} : { p: address.port }),
  };
}

function knownNodeOf(value: BencodeValue): KnownNode[] {
  if (!isDict(value)) return [];
  const id = bytesField(value, 'i');
  if (id?.length !== NODE_ID_BYTES) return [];
  const [host, port] = [textField(value, 'h'), portOf(value)];
  return [
    {
      id: Buffer.from(id).toString('hex'),
      name: (textField(value, 'n') ?? '').slice(0, MAX_NAME_CHARS),
      isComplete: countOf(value, 'c') > 0,
      address: host === undefined || isIP(host) === 0 || port === null ? null : { host, port },
    },
  ];
}

function word(text: string): Buffer {
  return Buffer.from(text);
}

function portOf(dict: BencodeDict): number | null {
  const port = integerField(dict, 'p');
  return port !== undefined && port > 0 && port <= MAX_PORT ? port : null;
}

function countOf(dict: BencodeDict, key: string): number {
  return Math.max(0, integerField(dict, key) ?? 0);
}

function packed(pieces: readonly PieceIndex[]): Buffer {
  const bytes = Buffer.alloc(Math.min(pieces.length, MAX_NODE_PIECES) * 4);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(pieces[at / 4] as number, at);
  return bytes;
}

function unpacked(dict: BencodeDict, key: string): PieceIndex[] {
  const value = field(dict, key);
  if (!(value instanceof Uint8Array)) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const pieces: PieceIndex[] = [];
  for (let at = 0; at + 4 <= value.length && pieces.length < MAX_NODE_PIECES; at += 4)
    pieces.push(view.getUint32(at) as PieceIndex);
  return pieces;
}
