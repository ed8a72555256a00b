/**
 * Copying into shared memory. `Buffer.copy` (before Node 22) and `TypedArray.set` (still in 24) go word by word where the target is a
 * SharedArrayBuffer, as other threads may look; `Buffer.fill` with bytes as long as the gap is one memcpy. Measured in
 * `bench/NOTES.md`. Nobody else may touch the target meanwhile: the arena's bits see to that.
 */

/** Below this the call itself is what takes the time, and `fill` takes more of it. */
const SMALL_BYTES = 128;

/** Copies `source[from, to)` to `target` from `at` on. */
export function copyShared(target: Buffer, at: number, source: Buffer, from: number, to: number): void {
  if (to - from < SMALL_BYTES) source.copy(target, at, from, to);
  else target.fill(source.subarray(from, to), at, at + to - from);
}

/** The same bytes where all threads can read them. */
export function sharedBytes(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}
