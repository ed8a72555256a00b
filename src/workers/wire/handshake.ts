/** The 68 bytes at the start of every connection (BEP 3), and the reserved bits that name the client's extensions. */

export const HANDSHAKE_BYTES = 68;
const PROTOCOL = Buffer.from('\x13BitTorrent protocol', 'latin1');
/** Length of the beginning that all handshakes share. */
export const PROTOCOL_BYTES = PROTOCOL.length;
const RESERVED_AT = 20;
const INFO_HASH_AT = 28;
const PEER_ID_AT = 48;
/** BEP 52, in the last reserved byte. */
const VERSION2_BIT = 0x10;
/** So many bytes of a handshake name the torrent. */
export const NAMED_BYTES = PEER_ID_AT;

export interface Handshake {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  /** BEP 10. */
  readonly extended: boolean;
  /** BEP 6. */
  readonly fast: boolean;
  /** It knows version 2 of the protocol, whichever version the info hash has (BEP 52). */
  readonly version2: boolean;
}

/** What our handshake says beside the hash and our id. */
export interface HandshakeBits {
  /** We have a DHT node (BEP 5). */
  readonly dht: boolean;
  /** The torrent has version 2 (BEP 52). */
  readonly version2: boolean;
}

/** Our handshake: 68 bytes, with the bits of BEP 6 and BEP 10. */
export function encodeHandshake(
  infoHash: Uint8Array,
  peerId: Uint8Array,
  { dht, version2 }: HandshakeBits = { dht: false, version2: false },
): Buffer {
  const bytes = Buffer.alloc(HANDSHAKE_BYTES);
  PROTOCOL.copy(bytes, 0);
  bytes[RESERVED_AT + 5] = 0x10;
  bytes[RESERVED_AT + 7] = 0x04 | (dht ? 0x01 : 0) | (version2 ? VERSION2_BIT : 0);
  bytes.set(infoHash, INFO_HASH_AT);
  bytes.set(peerId, PEER_ID_AT);
  return bytes;
}

/** True while `bytes`, the start of a stream, may still become a handshake. Anything else is detected at its first wrong byte. */
export function mayBeHandshake(bytes: Uint8Array, length: number): boolean {
  const known = Math.min(length, PROTOCOL.length);
  for (let i = 0; i < known; i++) if (bytes[i] !== PROTOCOL[i]) return false;
  return true;
}

/** The info hash in the first `NAMED_BYTES` of a handshake; valid as long as they are. */
export function infoHashIn(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(INFO_HASH_AT, PEER_ID_AT);
}

/** Copies the fields out of 68 bytes that passed `mayBeHandshake`. */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  return {
    infoHash: bytes.slice(INFO_HASH_AT, PEER_ID_AT),
    peerId: bytes.slice(PEER_ID_AT, HANDSHAKE_BYTES),
    extended: ((bytes[RESERVED_AT + 5] ?? 0) & 0x10) !== 0,
    fast: ((bytes[RESERVED_AT + 7] ?? 0) & 0x04) !== 0,
    version2: ((bytes[RESERVED_AT + 7] ?? 0) & VERSION2_BIT) !== 0,
  };
}
