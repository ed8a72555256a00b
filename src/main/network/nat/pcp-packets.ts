/** The packets of PCP (RFC 6887), for IPv4. Whatever arrives is checked: only an answer to our request counts. */
import { addressBytes } from '../../../shared/ip-address.ts';
import type { Transport } from './router.ts';

const VERSION = 2;
const ANNOUNCE = 0;
const MAP = 1;
const ANSWER = 0x80;
const HEADER_BYTES = 24;
const MAP_BYTES = 60;
export const NONCE_BYTES = 12;
const PROTOCOL_NUMBERS: Readonly<Record<Transport, number>> = { tcp: 6, udp: 17 };

/** The result codes, in words. */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'it does not speak this version',
  2: 'it does not allow this',
  3: 'it calls the request malformed',
  4: 'it does not know this request',
  7: 'it has no connection itself',
  8: 'it has no room for another port',
  9: 'it does not forward this protocol',
  10: 'we have too many ports there already',
  11: 'another program has this port',
  12: 'another router is between it and us',
};

export interface MapRequest {
  /** The same for all requests about one port. */
  readonly nonce: Uint8Array;
  readonly transport: Transport;
  readonly port: number;
  /** 0: the router chooses. */
  readonly externalPort: number;
  /** 0: closes the port. */
  readonly lifetimeS: number;
}

export interface MapAnswer {
  readonly externalPort: number;
  readonly externalAddress: string | null;
  readonly lifetimeS: number;
}

/** `refused`: why; `other-version`: this router speaks NAT-PMP. */
export type PcpAnswer<Content> =
  | { readonly kind: 'granted'; readonly content: Content }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string }
  | { readonly kind: 'other-version' };

/** Asks whether PCP is spoken there. `from`: our address, as the router must see it. */
export function announceRequest(from: string): Uint8Array {
  return header(ANNOUNCE, 0, from, HEADER_BYTES);
}

export function mapRequest(request: MapRequest, from: string): Uint8Array {
  const bytes = header(MAP, request.lifetimeS, from, MAP_BYTES);
  bytes.set(request.nonce.subarray(0, NONCE_BYTES), 24);
  bytes[36] = PROTOCOL_NUMBERS[request.transport];
  bytes.writeUInt16BE(request.port, 40);
  bytes.writeUInt16BE(request.externalPort, 42);
  // Any IPv4 address of the router.
  bytes.set(mapped('0.0.0.0'), 44);
  return bytes;
}

/** Null if it is no answer to our request. */
export function readAnnounceAnswer(bytes: Buffer): PcpAnswer<null> | null {
  return verdict(bytes, ANNOUNCE, HEADER_BYTES, () => null);
}

/** Null if it is no answer to this request. */
export function readMapAnswer(bytes: Buffer, request: MapRequest): PcpAnswer<MapAnswer> | null {
  const isOurs =
    bytes[0] !== VERSION ||
    (bytes.length >= MAP_BYTES &&
      bytes.subarray(24, 36).equals(request.nonce) &&
      bytes[36] === PROTOCOL_NUMBERS[request.transport] &&
      bytes.readUInt16BE(40) === request.port);
  if (!isOurs) return null;
  return verdict(bytes, MAP, MAP_BYTES, () => ({
    externalPort: bytes.readUInt16BE(42),
    externalAddress: ipv4In(bytes.subarray(44, 60)),
    lifetimeS: bytes.readUInt32BE(4),
  }));
}

function verdict<Content>(
  bytes: Buffer,
  operation: number,
  length: number,
  read: () => Content,
): PcpAnswer<Content> | null {
  // RFC 6887, appendix A: a NAT-PMP server answers with its own version, 0, and the result 1.
  if (bytes.length >= 4 && bytes[0] === 0 && bytes.readUInt16BE(2) === 1) return { kind: 'other-version' };
  if (bytes.length < length || bytes[0] !== VERSION || bytes[1] !== (ANSWER | operation)) return null;
  const result = bytes[3] ?? 0;
  if (result === 0) return { kind: 'granted', content: read() };
  return { kind: 'refused', code: result, reason: RESULTS[result] ?? `it answers with error ${result}` };
}

function header(operation: number, lifetimeS: number, from: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = VERSION;
  bytes[1] = operation;
  bytes.writeUInt32BE(lifetimeS, 4);
  bytes.set(mapped(from), 8);
  return bytes;
}

/** An IPv4 address in IPv6 form (RFC 4291). */
function mapped(address: string): Uint8Array {
  return Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, ...(addressBytes(address) ?? [])]);
}

/** Null for an IPv6 address and for 0.0.0.0. */
function ipv4In(bytes: Buffer): string | null {
  const isFour = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xff_ff;
  const four = bytes.subarray(12);
  return isFour && four.readUInt32BE(0) !== 0 ? four.join('.') : null;
}
