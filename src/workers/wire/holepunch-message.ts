/** BEP 55: the messages of `ut_holepunch`. */
import { compactIpv4, compactIpv6, type HostPort } from '../../shared/compact-peers.ts';
import type { Introduction } from '../../shared/holepunch.ts';
import { addressBytes, canonicalHost } from '../../shared/ip-address.ts';

const KINDS = ['rendezvous', 'connect', 'error'] as const;
const FAMILY = { four: 0, six: 1 } as const;
/** Type and family, before the address. */
const HEAD_BYTES = 2;
const PORT_BYTES = 2;
const ERROR_BYTES = 4;

export const HOLEPUNCH_ERRORS: Readonly<Record<Exclude<Introduction['kind'], 'sent'>, number>> = {
  'no-such-peer': 1,
  'not-connected': 2,
  'no-support': 3,
  'no-self': 4,
};

export interface HolepunchMessage {
  readonly kind: (typeof KINDS)[number];
  readonly address: HostPort;
  /** 0 if it is no error, or an error that is not named. */
  readonly error: number;
}

/** Null if the address is not an IP address: behind a proxy, some peers are known only by name. */
export function encodeHolepunch(
  kind: HolepunchMessage['kind'],
  { host, port }: HostPort,
  error = 0,
): Buffer | null {
  const address = addressBytes(canonicalHost(host));
  if (address === null) return null;
  const bytes = Buffer.alloc(HEAD_BYTES + address.length + PORT_BYTES + ERROR_BYTES);
  bytes[0] = KINDS.indexOf(kind);
  bytes[1] = address.length === 4 ? FAMILY.four : FAMILY.six;
  bytes.set(address, HEAD_BYTES);
  bytes.writeUInt16BE(port, HEAD_BYTES + address.length);
  bytes.writeUInt32BE(error, bytes.length - ERROR_BYTES);
  return bytes;
}

/**
 * Null if the payload (after the extended id) is not such a message. libtorrent leaves the error code out where there is no error,
 * so it may be absent. What follows it is ignored.
 */
export function decodeHolepunch(payload: Uint8Array): HolepunchMessage | null {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const kind = KINDS[bytes[0] ?? KINDS.length];
  const isSix = bytes[1] === FAMILY.six;
  if (kind === undefined || (!isSix && bytes[1] !== FAMILY.four)) return null;
  const end = HEAD_BYTES + (isSix ? 16 : 4) + PORT_BYTES;
  const compact = bytes.subarray(HEAD_BYTES, end);
  // Nothing if it is too short, or the port is 0.
  const [peer] = isSix ? compactIpv6(compact) : compactIpv4(compact);
  if (peer === undefined) return null;
  return {
    kind,
    address: { host: canonicalHost(peer.host), port: peer.port },
    error: kind === 'error' && bytes.length >= end + ERROR_BYTES ? bytes.readUInt32BE(end) : 0,
  };
}
