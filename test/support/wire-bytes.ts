/** The peer wire of the other side: bytes written by hand, so that our codec does not check itself. */

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
}

export function frame(id: number, ...payload: Uint8Array[]): Buffer {
  const body = Buffer.concat(payload);
  return Buffer.concat([u32(body.length + 1), Buffer.from([id]), body]);
}

/** `features`: reserved bits, from `ext` (BEP 10) and `fast` (BEP 6). */
export function handshakeOf(
  infoHash: Uint8Array,
  peerId: string,
  features: readonly ('ext' | 'fast')[] = [],
): Buffer {
  const reserved = Buffer.alloc(8);
  if (features.includes('ext')) reserved.writeUInt8(0x10, 5);
  if (features.includes('fast')) reserved.writeUInt8(0x04, 7);
  const protocol = Buffer.from([19, ...Buffer.from('BitTorrent protocol')]);
  return Buffer.concat([protocol, reserved, infoHash, Buffer.from(peerId.padEnd(20, '.'), 'latin1')]);
}

export const wire = {
  keepAlive: u32(0),
  choke: frame(0),
  unchoke: frame(1),
  interested: frame(2),
  notInterested: frame(3),
  have: (piece: number) => frame(4, u32(piece)),
  bitfield: (bits: string) => {
    const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
    for (const [i, bit] of [...bits].entries()) {
      if (bit === '1') bytes.writeUInt8(bytes.readUInt8(i >> 3) | (0x80 >> (i & 7)), i >> 3);
    }
    return frame(5, bytes);
  },
  cancel: (piece: number, begin: number, length: number) => frame(8, u32(piece, begin, length)),
  request: (piece: number, begin: number, length: number) => frame(6, u32(piece, begin, length)),
  piece: (piece: number, begin: number, data: Uint8Array) => frame(7, u32(piece, begin), data),
  haveAll: frame(14),
  haveNone: frame(15),
  reject: (piece: number, begin: number, length: number) => frame(16, u32(piece, begin, length)),
  suggest: (piece: number) => frame(13, u32(piece)),
  allowedFast: (piece: number) => frame(17, u32(piece)),
  /** BEP 54, with the id that we give it. */
  lost: (piece: number) => frame(20, Buffer.from([7]), u32(piece)),
  extended: (id: number, text: string) => frame(20, Buffer.from([id]), Buffer.from(text, 'latin1')),
} as const;
