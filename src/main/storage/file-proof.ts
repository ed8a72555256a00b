/** The hash of a file as a whole. */
import { createHash } from 'node:crypto';
import type { FileSystem } from '../../shared/file-system.ts';

/** Hashed at once, on the main thread: less than a millisecond. */
const PART_BYTES = 2 ** 20;

/** `[from, to)` of a file, part by part. Ends early at the end of the file, or when `isOver`. */
export async function* partsOfFile(
  { slow }: FileSystem,
  descriptor: number,
  { from, to, isOver }: { readonly from: number; readonly to: number; isOver(): boolean },
): AsyncGenerator<Uint8Array> {
  const part = Buffer.allocUnsafe(PART_BYTES);
  for (let at = from; at < to; ) {
    const count = await slow.read(descriptor, part.subarray(0, Math.min(part.length, to - at)), at);
    if (isOver() || count === 0) return;
    yield part.subarray(0, count);
    at += count;
  }
}

/** Its SHA-256 in hexadecimal; null if that was given up before the end. Rejects with the system's error. */
export async function sha256Of(
  files: FileSystem,
  descriptor: number,
  isOver: () => boolean,
): Promise<string | null> {
  const sum = createHash('sha256');
  const whole = { from: 0, to: Number.POSITIVE_INFINITY, isOver };
  for await (const part of partsOfFile(files, descriptor, whole)) sum.update(part);
  return isOver() ? null : sum.digest('hex');
}
