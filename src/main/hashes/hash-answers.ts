/** What peers get of the piece layers of a torrent (BEP 52). The layers above them are made once, when a peer asks. */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { HashAnswer, HashRequest } from '../../shared/hash-messages.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { layersOver, treeWidth } from '../../shared/merkle.ts';
import { type HashedFile, layerOf } from '../torrent/piece-layers.ts';
import type { Version2 } from '../torrent/version2.ts';
import { isPossible, layersFrom, uncles, unclesOf, withProof } from './tree-layers.ts';

const keyOf = (root: Uint8Array): string => Buffer.from(root).toString('latin1');

export class HashAnswers {
  readonly #version2: Version2;
  readonly #geometry: Geometry;
  readonly #pieceLayer: number;
  /** By root. */
  readonly #files: ReadonlyMap<string, HashedFile>;
  readonly #layers = new Map<HashedFile, readonly Uint8Array[]>();

  constructor(version2: Version2, geometry: Geometry) {
    this.#version2 = version2;
    this.#geometry = geometry;
    this.#pieceLayer = layersOver(geometry.pieceLength / BLOCK_BYTES);
    this.#files = new Map(version2.files.map((file) => [keyOf(file.root), file]));
  }

  /** Null if we cannot give that. */
  to(request: HashRequest): HashAnswer | null {
    const file = this.#files.get(keyOf(request.root));
    if (file === undefined) return null;
    const leaves = treeWidth(Math.ceil(file.length / BLOCK_BYTES));
    if (!isPossible(request, leaves)) return null;
    if (request.base === 0 && this.#pieceLayer > 0) return this.#leaves(file, request);
    const { first, end } = piecesOf(this.#geometry, file);
    if (request.base !== this.#pieceLayer || request.index >= end - first) return null;
    const layers = this.#layersOf(file);
    return layers === null ? null : { leaves: null, hashes: withProof(request, layers) };
  }

  /** The blocks of just one piece: more would take long to read. */
  #leaves(file: HashedFile, request: HashRequest): HashAnswer | null {
    const { trees } = this.#version2;
    const { first, end } = piecesOf(this.#geometry, file);
    const piece = first + (request.index * BLOCK_BYTES) / this.#geometry.pieceLength;
    if (request.count !== trees.widths[piece] || piece >= end) return null;
    const leaves = { piece: piece as PieceIndex, bytes: trees.lengths[piece] ?? 0 };
    if (unclesOf(request) === 0) return { leaves, hashes: new Uint8Array(0) };
    const layers = this.#layersOf(file);
    if (layers === null) return null;
    return { leaves, hashes: uncles(layers, this.#pieceLayer, piece - first, unclesOf(request)) };
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
