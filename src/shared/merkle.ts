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

/** The hash of each block. The last one may be short. */
export function leavesOf(bytes: Uint8Array): Buffer {
  const leaves = Buffer.allocUnsafe(Math.ceil(bytes.length / BLOCK_BYTES) * TREE_HASH_BYTES);
  for (let block = 0; block * BLOCK_BYTES < bytes.length; block++)
    sha256(bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES)).copy(
      leaves,
      block * TREE_HASH_BYTES,
    );
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
  const count = hashes.length / TREE_HASH_BYTES;
  const above = Buffer.allocUnsafe(Math.ceil(count / 2) * TREE_HASH_BYTES);
  for (let i = 0; i < count; i += 2) {
    const pair = hashes.subarray(i * TREE_HASH_BYTES, (i + 2) * TREE_HASH_BYTES);
    const both = i + 1 < count ? pair : Buffer.concat([pair, emptyHash(layer)]);
    sha256(both).copy(above, (i / 2) * TREE_HASH_BYTES);
  }
  return above;
}

/** The root over the hashes of a layer, as if `width` of them were there; `width` is a power of two. */
export function rootOver(hashes: Uint8Array, layer: number, width: number): Buffer {
  let [level, at] = [hashes, layer];
  for (let left = width; left > 1; left /= 2) level = layerAbove(level, at++);
  return Buffer.from(level);
}
