/**
 * The hash trees of version 2 (BEP 52): SHA-256 over blocks of 16 KiB, two by two up to one root per file. Leaves beyond the
 * end of the file are zeros. Layer 0 has the leaves; a hash of layer `n` covers 2^n blocks. Hashes are 32 bytes each, one after
 * the other.
 */
import { hash } from 'node:crypto';
import { BLOCK_BYTES } from './limits.ts';

export const TREE_HASH_BYTES = 32;

/** Of a subtree without data, by layer. */
const EMPTY: Buffer[] = [Buffer.alloc(TREE_HASH_BYTES)];

/** The smallest power of two that is not smaller. */
export function treeWidth(count: number): number {
  return 2 ** layersOver(count);
}

/** How many layers are above so many hashes, up to the root. */
export function layersOver(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/**
 * Puts the hash of so many bytes from `from` on among other hashes. Node makes a short text in a third of the time that it needs
 * for a Buffer, and a plain view faster than one of a Buffer.
 */
function putHash(bytes: Uint8Array, from: number, length: number, into: Buffer, at: number): void {
  const part = new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
  into.write(hash('sha256', part, 'binary'), at, TREE_HASH_BYTES, 'binary');
}

/** The hash of each block. The last one may be short. */
export function leavesOf(bytes: Uint8Array): Buffer {
  const leaves = Buffer.allocUnsafe(Math.ceil(bytes.length / BLOCK_BYTES) * TREE_HASH_BYTES);
  for (let from = 0, at = 0; from < bytes.length; from += BLOCK_BYTES, at += TREE_HASH_BYTES)
    putHash(bytes, from, Math.min(BLOCK_BYTES, bytes.length - from), leaves, at);
  return leaves;
}

/** The hash of a subtree of this layer that has no data. */
export function emptyHash(layer: number): Buffer {
  for (let known = EMPTY.length; known <= layer; known++) {
    const below = EMPTY[known - 1] as Buffer;
    EMPTY.push(sha256(Buffer.concat([below, below])));
  }
  return EMPTY[layer] as Buffer;
}

/** The next layer up. `layer`: that of `hashes`. Where a sibling is missing there is no data. */
export function layerAbove(hashes: Uint8Array, layer: number): Buffer {
  const isPaired = (hashes.length / TREE_HASH_BYTES) % 2 === 0;
  const all = isPaired ? hashes : Buffer.concat([hashes, emptyHash(layer)]);
  const above = Buffer.allocUnsafe(all.length / 2);
  for (let at = 0; at < above.length; at += TREE_HASH_BYTES)
    putHash(all, at * 2, TREE_HASH_BYTES * 2, above, at);
  return above;
}

/** The root over the hashes of a layer, as if `width` of them were there; `width` is a power of two. */
export function rootOver(hashes: Uint8Array, layer: number, width: number): Buffer {
  let [level, at] = [hashes, layer];
  for (let left = width; left > 1; left /= 2) level = layerAbove(level, at++);
  return Buffer.from(level);
}
