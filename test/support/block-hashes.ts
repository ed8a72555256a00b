/** SHA-1 of each block of a piece, as a storage thread computes it. */
import { createHash } from 'node:crypto';

const BLOCK_BYTES = 16_384;

export function blockHashes(bytes: Uint8Array): Uint8Array {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES)
    hashes.push(
      createHash('sha1')
        .update(bytes.subarray(at, at + BLOCK_BYTES))
        .digest(),
    );
  return Buffer.concat(hashes);
}
