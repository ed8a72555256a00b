/** Info hashes as people write them: in hexadecimal or base32, and those of version 2 (BEP 52) as a multihash. */

/** Before a SHA-256 as a multihash: its kind, and its length of 32 bytes. */
export const MULTIHASH = '1220';

/** Bytes of an info hash on the wire: that of version 2 is cut to them. */
const WIRE_HASH_BYTES = 20;

/** The info hashes of a torrent, in full: 20 bytes of version 1, 32 of version 2. At least one is known. */
export interface InfoHashes {
  readonly v1: Uint8Array | null;
  readonly v2: Uint8Array | null;
}

/** A hash alone: 40 hexadecimal or 32 base32 characters of version 1, or 64 hexadecimal characters of version 2. */
export function bareInfoHash(text: string): InfoHashes | null {
  const v1 = version1Hash(text);
  if (v1 !== null) return { v1, v2: null };
  return /^[0-9a-f]{64}$/i.test(text) ? { v1: null, v2: Buffer.from(text, 'hex') } : null;
}

/** In 40 hexadecimal or 32 base32 characters. */
export function version1Hash(text: string): Buffer | null {
  return /^[0-9a-f]{40}$/i.test(text) ? Buffer.from(text, 'hex') : base32(text);
}

/** A SHA-256 multihash in hexadecimal. */
export function version2Multihash(text: string): Buffer | null {
  return /^1220[0-9a-f]{64}$/i.test(text) ? Buffer.from(text.slice(MULTIHASH.length), 'hex') : null;
}

/** The 20 bytes that name a torrent of version 2 to peers, trackers and the DHT. */
export function wireHash(infoHash: Uint8Array): Uint8Array {
  return infoHash.subarray(0, WIRE_HASH_BYTES);
}

/** The 20 bytes by which a torrent is known first: of version 1 if it has that. */
export function mainHash({ v1, v2 }: InfoHashes): Uint8Array {
  return v1 ?? wireHash(v2 ?? new Uint8Array(WIRE_HASH_BYTES));
}

/** RFC 4648 base32 of 20 bytes, which is 32 characters without padding. */
function base32(text: string): Buffer | null {
  if (!/^[A-Z2-7]{32}$/i.test(text)) return null;
  const bytes = Buffer.alloc(20);
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const character of text.toUpperCase()) {
    const digit = character >= 'A' ? character.charCodeAt(0) - 65 : character.charCodeAt(0) - 24;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (value >>> bits) & 0xff;
  }
  return bytes;
}
