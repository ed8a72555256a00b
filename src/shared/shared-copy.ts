/**
 * Copying into shared memory. `Buffer.copy` (before Node 22) and `TypedArray.set` (still in 24) copy word by word if the
 * target is a SharedArrayBuffer, because other threads may read it. `Buffer.fill` with as many bytes as the gap is one memcpy.
 * Measured in `bench/NOTES.md`. No other thread may touch the target meanwhile: the marks in the arena ensure this.
 */

/** Below this size the call itself takes most of the time, and `fill` takes longer. */
const SMALL_BYTES = 128;

/** Copies `source[from, to)` to `target` at `at`. */
export function copyShared(target: Buffer, at: number, source: Buffer, from: number, to: number): void {
  if (to - from < SMALL_BYTES) source.copy(target, at, from, to);
  else target.fill(source.subarray(from, to), at, at + to - from);
}

/** A copy in shared memory. */
export function sharedBytes(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}
