/**
 * The roots of the pieces of a version 2 torrent (BEP 52). A file of one piece has its own root; for a longer one the torrent
 * or a peer has the layer of its tree with one hash per piece, and the file's root proves it.
 */
import { type BencodeDict, entriesOf, field, isDict } from '../../shared/bencode.ts';
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { layersOver, rootOver, TREE_HASH_BYTES, treeWidth } from '../../shared/merkle.ts';
import { allocateTrees, type PieceTrees, rootOfPiece } from '../../shared/piece-hashes.ts';
import { BadField } from './bad-field.ts';

/** A file with a tree: every file that is not empty. */
export interface HashedFile {
  readonly root: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** With the roots of the files that have one piece; the others are zeros. */
export function treesOf(files: readonly HashedFile[], g: Geometry): PieceTrees {
  const trees = allocateTrees(g.pieceCount);
  const full = g.pieceLength / BLOCK_BYTES;
  for (const file of files) {
    const { first, end } = piecesOf(g, file);
    trees.lengths.fill(g.pieceLength, first, end);
    trees.lengths[end - 1] = file.length - (end - 1 - first) * g.pieceLength;
    trees.widths.fill(full, first, end);
    if (end - first > 1) continue;
    trees.widths[first] = treeWidth(Math.ceil(file.length / BLOCK_BYTES));
    trees.roots.set(file.root, first * TREE_HASH_BYTES);
  }
  return trees;
}

/** The files of more than one piece: only they have a layer. */
export function layeredFiles(files: readonly HashedFile[], g: Geometry): HashedFile[] {
  return files.filter(({ length }) => length > g.pieceLength);
}

/** Puts a layer in its place if the root of its file proves it. */
export function putLayer(trees: PieceTrees, g: Geometry, file: HashedFile, layer: Uint8Array): boolean {
  const { first, end } = piecesOf(g, file);
  if (layer.length !== (end - first) * TREE_HASH_BYTES) return false;
  const root = rootOver(layer, layersOver(g.pieceLength / BLOCK_BYTES), treeWidth(end - first));
  if (!root.equals(file.root)) return false;
  trees.roots.set(layer, first * TREE_HASH_BYTES);
  return true;
}

/** The layer of a file; null while a part of it is not known. */
export function layerOf(trees: PieceTrees, g: Geometry, file: HashedFile): Uint8Array | null {
  const { first, end } = piecesOf(g, file);
  for (let piece = first; piece < end; piece++) if (rootOfPiece(trees, piece) === null) return null;
  return trees.roots.slice(first * TREE_HASH_BYTES, end * TREE_HASH_BYTES);
}

/** The layers of "piece layers" in a .torrent file, by root, sorted, as far as they are known; null if none of them is known. */
export function layersByRoot(
  trees: PieceTrees,
  g: Geometry,
  files: readonly HashedFile[],
): (readonly [Uint8Array, Uint8Array])[] | null {
  const layers = new Map<string, readonly [Uint8Array, Uint8Array]>();
  const layered = layeredFiles(files, g);
  for (const file of layered) {
    const layer = layerOf(trees, g, file);
    if (layer !== null) layers.set(keyOf(file.root), [file.root, layer]);
  }
  if (layers.size === 0 && layered.length > 0) return null;
  return [...layers.values()].sort(([one], [other]) => Buffer.compare(one, other));
}

/** Reads "piece layers" of a .torrent file, which may lack some. Throws BadField. */
export function readLayers(
  torrent: BencodeDict,
  trees: PieceTrees,
  g: Geometry,
  files: readonly HashedFile[],
): void {
  const layers = field(torrent, 'piece layers');
  if (layers !== undefined && !isDict(layers)) throw new BadField('"piece layers" is not a dictionary');
  const byRoot = new Map<string, Uint8Array>();
  for (const [root, layer] of layers === undefined ? [] : entriesOf(layers)) {
    if (root.length !== TREE_HASH_BYTES || !(layer instanceof Uint8Array))
      throw new BadField('"piece layers" has something that is not a layer');
    byRoot.set(keyOf(root), layer);
  }
  for (const file of layeredFiles(files, g)) {
    const layer = byRoot.get(keyOf(file.root));
    if (layer !== undefined && !putLayer(trees, g, file, layer))
      throw new BadField(`the layer in "piece layers" does not match the root ${hex(file.root)}`);
  }
}

function keyOf(root: Uint8Array): string {
  return Buffer.from(root).toString('latin1');
}

function hex(root: Uint8Array): string {
  return Buffer.from(root).toString('hex');
}
