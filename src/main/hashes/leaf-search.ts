/**
 * The hashes of the blocks of one piece (BEP 52): asked of one peer after the other, because a piece has failed and the sender of a
 * bad block is in doubt. The root of the piece proves them.
 */
import { type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import type { HashRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES, HASHES_TIMEOUT_MS, MAX_LEAF_ASKS } from '../../shared/limits.ts';
import { layersOver, rootOver } from '../../shared/merkle.ts';
import { type PieceTrees, rootOfPiece } from '../../shared/piece-hashes.ts';
import type { HashedFile } from '../torrent/piece-layers.ts';

export class LeafSearch {
  readonly request: HashRequest;
  /** Null if no peer had them in time. */
  readonly found: Promise<Uint8Array | null>;
  readonly #root: Uint8Array;
  readonly #asked = new Set<PeerIndex>();
  #end: (leaves: Uint8Array | null) => void = () => {};
  #peer: PeerIndex | null = null;
  #askedAt = 0;
  #isOver = false;

  constructor(request: HashRequest, root: Uint8Array) {
    this.request = request;
    this.#root = root;
    this.found = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whom to ask now; null if nobody. */
  next(peers: Iterable<PeerIndex>, now: number): PeerIndex | null {
    if (this.#isOver || (this.#peer !== null && now - this.#askedAt < HASHES_TIMEOUT_MS)) return null;
    const others = [...peers].filter((peer) => !this.#asked.has(peer));
    const [peer] = others;
    if (peer === undefined || this.#asked.size >= MAX_LEAF_ASKS) {
      this.stop();
      return null;
    }
    this.#asked.add(peer);
    this.#peer = peer;
    this.#askedAt = now;
    return peer;
  }

  /** Returns whether the peer lied. */
  arrived(peer: PeerIndex, hashes: Uint8Array | null): boolean {
    if (peer === this.#peer) this.#peer = null;
    if (this.#isOver || hashes === null) return false;
    if (!rootOver(hashes, 0, this.request.count).equals(this.#root)) return true;
    this.#isOver = true;
    this.#end(hashes);
    return false;
  }

  stop(): void {
    this.#isOver = true;
    this.#end(null);
  }
}

/** Null if the piece has no tree of several blocks. */
export function leafSearch(
  piece: PieceIndex,
  trees: PieceTrees,
  files: readonly HashedFile[],
  g: Geometry,
): LeafSearch | null {
  const root = rootOfPiece(trees, piece);
  const count = trees.widths[piece] ?? 1;
  const start = offsetOfPiece(g, piece);
  const file = files.find(({ offset, length }) => offset <= start && start < offset + length);
  if (root === null || count < 2 || file === undefined) return null;
  const index = (start - file.offset) / BLOCK_BYTES;
  // So many that the root of the piece is reached, and no uncles.
  const proofs = layersOver(count) - 1;
  return new LeafSearch({ root: file.root, base: 0, index, count, proofs }, root);
}
