/**
 * The hashes of the blocks of one piece (BEP 52): asked of a few peers at one time, because a piece has failed and the sender of a bad
 * block is in doubt. The root of the piece proves them. Its slot is held meanwhile, so the search is short.
 */
import { type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import type { HashRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import {
  BLOCK_BYTES,
  HASHES_TIMEOUT_MS,
  LEAF_ASK_MORE_MS,
  LEAF_ASKS_AT_ONCE,
  MAX_HASHES,
  MAX_LEAF_ASKS,
} from '../../shared/limits.ts';
import { layersOver, rootOver } from '../../shared/merkle.ts';
import { type PieceTrees, rootOfPiece } from '../../shared/piece-hashes.ts';
import type { HashedFile } from '../torrent/piece-layers.ts';

export class LeafSearch {
  readonly request: HashRequest;
  /** Null if no peer had them in time. */
  readonly found: Promise<Uint8Array | null>;
  readonly #root: Uint8Array;
  readonly #begun: number;
  /** Those that have not answered. */
  readonly #asked = new Set<PeerIndex>();
  readonly #tried = new Set<PeerIndex>();
  #moreAt = 0;
  #end: (leaves: Uint8Array | null) => void = () => {};
  #isOver = false;

  constructor(request: HashRequest, root: Uint8Array, now: number) {
    this.request = request;
    this.#root = root;
    this.#begun = now;
    this.found = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Those that were asked and have not answered. */
  get silent(): ReadonlySet<PeerIndex> {
    return this.#asked;
  }

  /** The peers to ask now. `peers`: the best comes first. `mayAsk`: one that may not be asked now is waited for. */
  next(
    peers: readonly PeerIndex[],
    now: number,
    mayAsk: (peer: PeerIndex) => boolean = () => true,
  ): PeerIndex[] {
    if (this.#isOver) return [];
    const left = peers.filter((peer) => !this.#tried.has(peer)).slice(0, MAX_LEAF_ASKS - this.#tried.size);
    const isLast = left.length === 0 && this.#asked.size === 0;
    if (isLast || now - this.#begun >= HASHES_TIMEOUT_MS) {
      this.stop();
      return [];
    }
    // Others are asked when these have refused, or are slow.
    if (this.#asked.size > 0 && now < this.#moreAt) return [];
    const chosen = left.filter(mayAsk).slice(0, LEAF_ASKS_AT_ONCE);
    if (chosen.length === 0) return [];
    for (const peer of chosen) {
      this.#asked.add(peer);
      this.#tried.add(peer);
    }
    this.#moreAt = now + LEAF_ASK_MORE_MS;
    return chosen;
  }

  /** Returns whether the peer lied. */
  arrived(peer: PeerIndex, hashes: Uint8Array | null): boolean {
    this.#asked.delete(peer);
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
  now: number,
): LeafSearch | null {
  const root = rootOfPiece(trees, piece);
  const count = trees.widths[piece] ?? 1;
  const start = offsetOfPiece(g, piece);
  const file = files.find(({ offset, length }) => offset <= start && start < offset + length);
  // Of a piece of more than 128 MiB no message can have them all.
  if (root === null || count < 2 || count > MAX_HASHES || file === undefined) return null;
  const index = (start - file.offset) / BLOCK_BYTES;
  // So many that the root of the piece is reached, and no uncles.
  const proofs = layersOver(count) - 1;
  return new LeafSearch({ root: file.root, base: 0, index, count, proofs }, root, now);
}
