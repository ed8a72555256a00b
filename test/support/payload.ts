/** Test data as a function of its place, so that a block in the wrong place is detected. */
export function payload(piece: number, begin: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (piece * 31 + (begin + i) * 7 + ((begin + i) >> 8)) & 0xff;
  return bytes;
}
