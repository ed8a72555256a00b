/** Data for the benchmarks: does not compress, and is the same each time. */
import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const CHUNK_BYTES = 2 ** 22;

export function writePayload(path: string, bytes: number): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  const file = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= CHUNK_BYTES)
    writeSync(file, cipher.update(zeros.subarray(0, Math.min(left, CHUNK_BYTES))));
  closeSync(file);
}
