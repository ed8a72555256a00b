/** What peers get of the piece layers of a torrent (BEP 52). The layers above them are made once, when a peer asks. */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { HashRequest } from '../../shared/hash-messages.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { layersOver, treeWidth } from '../../shared/merkle.ts';
import { type HashedFile, layeredFiles, layerOf } from '../torrent/piece-layers.ts';
import type { Version2 } from '../torrent/version2.ts';
import { isPossible, layersFrom, withProof } from './tree-layers.ts';

const keyOf = (root: Uint8Array): string => Buffer.from(root).toString('latin1');

export class HashAnswers {
  readonly #version2: Version2;
  readonly #geometry: Geometry;
  readonly #pieceLayer: number;
  /** By root, those that have a layer. */
  readonly #files: ReadonlyMap<string, HashedFile>;
  readonly #layers = new Map<HashedFile, readonly Uint8Array[]>();

  constructor(version2: Version2, geometry: Geometry) {
    this.#version2 = version2;
    this.#geometry = geometry;
    this.#pieceLayer = layersOver(geometry.pieceLength / BLOCK_BYTES);
    const layered = layeredFiles(version2.files, geometry);
    this.#files = new Map(layered.map((file) => [keyOf(file.root), file]));
  }

  /** Null if we cannot give that. */
  to(request: HashRequest): Uint8Array | null {
    const file = this.#files.get(keyOf(request.root));
    if (file === undefined || request.base !== this.#pieceLayer) return null;
    const leaves = treeWidth(Math.ceil(file.length / BLOCK_BYTES));
    const { first, end } = piecesOf(this.#geometry, file);
    if (!isPossible(request, leaves) || request.index >= end - first) return null;
    const layers = this.#layersOf(file);
    return layers === null ? null : withProof(request, layers);
  }

  #layersOf(file: HashedFile): readonly Uint8Array[] | null {
    const known = this.#layers.get(file);
    if (known !== undefined) return known;
    const layer = layerOf(this.#version2.trees, this.#geometry, file);
    if (layer === null) return null;
    const layers = layersFrom(layer, this.#pieceLayer);
    this.#layers.set(file, layers);
    return layers;
  }
}
