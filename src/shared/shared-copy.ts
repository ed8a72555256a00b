/**
 * Copying into shared memory. `Buffer.copy` (before Node 22) and `TypedArray.set` (still in 24) go word by word where the target is a
 * SharedArrayBuffer, as other threads may look; `Buffer.fill` with bytes as long as the gap is one memcpy: 4 to 7 times as fast.
 * Nobody else may touch the target meanwhile: the arena's bits see to that.
 */
export function copyShared(target: Buffer, at: number, source: Uint8Array): void {
  // Filling with nothing would be filling with zeros.
  if (source.length > 0) target.fill(source, at, at + source.length);
}
