/** The packets of NAT-PMP (RFC 6886). Whatever arrives is checked: only an answer to our request counts. */
import type { Transport } from './router.ts';

const ADDRESS = 0;
const MAP: Readonly<Record<Transport, number>> = { udp: 1, tcp: 2 };
const ANSWER = 0x80;

/** The result codes, in words. */
const RESULTS: Readonly<Record<number, string>> = {
  1: 'it does not speak this version',
  2: 'it does not allow this',
  3: 'it has no connection itself',
  4: 'it has no room for another port',
  5: 'it does not know this request',
};

export interface PmpMapRequest {
  readonly transport: Transport;
  readonly port: number;
  /** 0: the router chooses. */
  readonly externalPort: number;
  /** 0: closes the port. */
  readonly lifetimeS: number;
}

export type PmpAnswer<Content> =
  | { readonly kind: 'granted'; readonly content: Content }
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

export function addressRequest(): Uint8Array {
  return Uint8Array.of(0, ADDRESS);
}

export function pmpMapRequest({ transport, port, externalPort, lifetimeS }: PmpMapRequest): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes[1] = MAP[transport];
  bytes.writeUInt16BE(port, 4);
  bytes.writeUInt16BE(externalPort, 6);
  bytes.writeUInt32BE(lifetimeS, 8);
  return bytes;
}

/** The content is null if the router has no address. Null if it is no answer to our request. */
export function readAddressAnswer(bytes: Buffer): PmpAnswer<string | null> | null {
  return verdict(bytes, ADDRESS, 12, () =>
    bytes.readUInt32BE(8) === 0 ? null : bytes.subarray(8, 12).join('.'),
  );
}

/** Null if it is no answer to this request. */
export function readPmpMapAnswer(
  bytes: Buffer,
  { transport, port }: PmpMapRequest,
): PmpAnswer<{ readonly externalPort: number; readonly lifetimeS: number }> | null {
  if (bytes.length >= 16 && bytes.readUInt16BE(8) !== port) return null;
  return verdict(bytes, MAP[transport], 16, () => ({
    externalPort: bytes.readUInt16BE(10),
    lifetimeS: bytes.readUInt32BE(12),
  }));
}

function verdict<Content>(
  bytes: Buffer,
  operation: number,
  length: number,
  read: () => Content,
): PmpAnswer<Content> | null {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== (ANSWER | operation)) return null;
  const result = bytes.readUInt16BE(2);
  // An error may be shorter than an answer.
  if (result !== 0)
    return { kind: 'refused', code: result, reason: RESULTS[result] ?? `it answers with error ${result}` };
  return bytes.length < length ? null : { kind: 'granted', content: read() };
}
