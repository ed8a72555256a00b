/**
 * Which peer is asked for which part of the piece layers (BEP 52), when metadata came without them. Pure decisions. Each part is
 * proven alone by the root of its file, so a lie costs one part. What a peer refuses or does not answer is asked of another.
 */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { HashRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  BLOCK_BYTES,
  HASHES_ASKED_PARTS,
  HASHES_PART,
  HASHES_RETRY_MS,
  HASHES_TIMEOUT_MS,
} from '../../shared/limits.ts';
import { layersOver, TREE_HASH_BYTES, treeWidth } from '../../shared/merkle.ts';
import type { PieceTrees } from '../../shared/piece-hashes.ts';
import { type HashedFile, layeredFiles, layerOf } from '../torrent/piece-layers.ts';
import { isProven } from './tree-layers.ts';

export interface HashAsk {
  readonly peer: PeerIndex;
  readonly request: HashRequest;
}

interface Part {
  readonly request: HashRequest;
  /** The piece of its first hash, and how many of its hashes are of pieces. */
  readonly first: number;
  readonly pieces: number;
  asked: { readonly peer: PeerIndex; readonly at: number } | null;
  /** Who did not give it, and until when it is not asked again. */
  readonly failed: Map<PeerIndex, number>;
}

export class LayerSearch {
  readonly #trees: PieceTrees;
  readonly #parts = new Map<string, Part>();

  constructor(trees: PieceTrees, files: readonly HashedFile[], g: Geometry) {
    this.#trees = trees;
    for (const file of layeredFiles(files, g))
      if (layerOf(trees, g, file) === null)
        for (const part of partsOf(file, g)) this.#parts.set(keyOf(part.request), part);
  }

  get isOver(): boolean {
    return this.#parts.size === 0;
  }

  /** What to ask now. */
  next(peers: Iterable<PeerIndex>, now: number): HashAsk[] {
    const busy = new Map<PeerIndex, number>([...peers].map((peer) => [peer, 0]));
    for (const part of this.#parts.values()) {
      this.#expire(part, busy, now);
      if (part.asked !== null) busy.set(part.asked.peer, (busy.get(part.asked.peer) ?? 0) + 1);
    }
    const asks: HashAsk[] = [];
    for (const part of this.#parts.values()) {
      if (part.asked !== null) continue;
      const peer = this.#choose(part, busy, now);
      if (peer === null) continue;
      part.asked = { peer, at: now };
      busy.set(peer, (busy.get(peer) ?? 0) + 1);
      asks.push({ peer, request: part.request });
    }
    return asks;
  }

  /** `hashes`: null if the peer refused. Returns whether it lied. An answer that comes late is as good. */
  arrived(peer: PeerIndex, request: HashRequest, hashes: Uint8Array | null, now: number): 'lie' | 'taken' {
    const part = this.#parts.get(keyOf(request));
    if (part === undefined) return 'taken';
    if (part.asked?.peer === peer) part.asked = null;
    part.failed.set(peer, now + HASHES_RETRY_MS);
    if (hashes === null) return 'taken';
    if (!isProven(part.request, hashes)) return 'lie';
    this.#trees.roots.set(hashes.subarray(0, part.pieces * TREE_HASH_BYTES), part.first * TREE_HASH_BYTES);
    this.#parts.delete(keyOf(request));
    return 'taken';
  }

  #expire(part: Part, peers: ReadonlyMap<PeerIndex, number>, now: number): void {
    const { asked } = part;
    if (asked === null || (peers.has(asked.peer) && now - asked.at < HASHES_TIMEOUT_MS)) return;
    part.failed.set(asked.peer, now + HASHES_RETRY_MS);
    part.asked = null;
  }

  /** The peer with the fewest parts among those that may have it. */
  #choose({ failed }: Part, busy: ReadonlyMap<PeerIndex, number>, now: number): PeerIndex | null {
    let best: PeerIndex | null = null;
    let least = HASHES_ASKED_PARTS;
    for (const [peer, count] of busy) {
      if (count >= least || (failed.get(peer) ?? 0) > now) continue;
      [best, least] = [peer, count];
    }
    return best;
  }
}

function partsOf(file: HashedFile, g: Geometry): Part[] {
  const { first, end } = piecesOf(g, file);
  const width = treeWidth(end - first);
  const count = Math.min(HASHES_PART, width);
  const base = layersOver(g.pieceLength / BLOCK_BYTES);
  const parts: Part[] = [];
  for (let index = 0; index < end - first; index += count) {
    const request = { root: file.root, base, index, count, proofs: layersOver(width) - 1 };
    const pieces = Math.min(count, end - first - index);
    parts.push({ request, first: first + index, pieces, asked: null, failed: new Map() });
  }
  return parts;
}

function keyOf({ root, base, index, count }: HashRequest): string {
  return `${Buffer.from(root).toString('latin1')} ${base} ${index} ${count}`;
}
