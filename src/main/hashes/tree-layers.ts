/** Proofs in a file's tree (BEP 52): the hashes beside the ancestors of a part of one layer, up to the root. */
import type { HashRequest } from '../../shared/hash-messages.ts';
import { MAX_HASHES } from '../../shared/limits.ts';
import { emptyHash, layerAbove, layersOver, rootOver, sha256, TREE_HASH_BYTES } from '../../shared/merkle.ts';

/** Whether the request names a part of a tree with so many leaves, in the form that BEP 52 asks for. */
export function isPossible({ base, index, count, proofs }: HashRequest, leaves: number): boolean {
  const layers = layersOver(leaves);
  const width = leaves / 2 ** base;
  const isPart = count >= 2 && count <= MAX_HASHES && (count & (count - 1)) === 0 && index % count === 0;
  return base < layers && isPart && index + count <= width && proofs < layers - base;
}

/** How many uncles the answer has: those of ancestors inside the part itself are left out. */
export function unclesOf({ count, proofs }: HashRequest): number {
  return Math.max(0, proofs - (layersOver(count) - 1));
}

/** All layers from this one up to the root. */
export function layersFrom(layer: Uint8Array, base: number): Uint8Array[] {
  const layers = [layer];
  for (let above = layer; above.length > TREE_HASH_BYTES; layers.push(above))
    above = layerAbove(above, base + layers.length - 1);
  return layers;
}

/** The answer to a possible request. `layers`: from its base on; where one ends there is no data. */
export function withProof(request: HashRequest, layers: readonly Uint8Array[]): Uint8Array {
  const { base, index, count } = request;
  const part = Array.from({ length: count }, (_, i) => hashAt(layers, base, 0, index + i));
  const up = layersOver(count);
  const proof = uncles(layers.slice(up), base + up, index / count, unclesOf(request));
  return Buffer.concat([...part, proof]);
}

/** The hashes beside a node and its ancestors. `layers`: from that of the node on, which is layer `base`; `index`: in it. */
export function uncles(
  layers: readonly Uint8Array[],
  base: number,
  index: number,
  count: number,
): Uint8Array {
  const found: Uint8Array[] = [];
  for (let [up, at] = [0, index]; up < count; up++, at = Math.floor(at / 2))
    found.push(hashAt(layers, base, up, at ^ 1));
  return Buffer.concat(found);
}

function hashAt(layers: readonly Uint8Array[], base: number, up: number, index: number): Uint8Array {
  const from = index * TREE_HASH_BYTES;
  const layer = layers[up];
  const isThere = layer !== undefined && from < layer.length;
  return isThere ? layer.subarray(from, from + TREE_HASH_BYTES) : emptyHash(base + up);
}

/** Whether the hashes of an answer, with their uncles, lead to the root. */
export function isProven(request: HashRequest, hashes: Uint8Array): boolean {
  const { base, index, count, root } = request;
  const bytes = (count + unclesOf(request)) * TREE_HASH_BYTES;
  if (hashes.length !== bytes) return false;
  let hash = rootOver(hashes.subarray(0, count * TREE_HASH_BYTES), base, count);
  let at = index / count;
  for (let from = count * TREE_HASH_BYTES; from < bytes; from += TREE_HASH_BYTES) {
    const uncle = hashes.subarray(from, from + TREE_HASH_BYTES);
    hash = sha256(Buffer.concat(at % 2 === 0 ? [hash, uncle] : [uncle, hash]));
    at = Math.floor(at / 2);
  }
  return hash.equals(root);
}
