/**
 * Which peer is asked for which part of the piece layers (BEP 52), when metadata came without them. Pure decisions. Each part is
 * proven alone by the root of its file, so a lie costs one part. A few peers are asked for each, because many never answer.
 */
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import { type HashRequest, keyOfRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import {
  BLOCK_BYTES,
  HASHES_ASKED_PARTS,
  HASHES_ASKED_PEERS,
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
  /** Who is asked for it, and since when. */
  readonly asked: Map<PeerIndex, number>;
  /** Who did not give it, and until when it is not asked again. */
  readonly failed: Map<PeerIndex, number>;
}

export class LayerSearch {
  readonly #trees: PieceTrees;
  readonly #parts = new Map<string, Part>();
  readonly #wanted: number;
  /** Since a peer last gave something. */
  readonly #failures = new Map<PeerIndex, number>();

  constructor(trees: PieceTrees, files: readonly HashedFile[], g: Geometry) {
    this.#trees = trees;
    for (const file of layeredFiles(files, g))
      if (layerOf(trees, g, file) === null)
        for (const part of partsOf(file, g)) this.#parts.set(keyOfRequest(part.request), part);
    this.#wanted = this.#missing;
  }

  /** Pieces whose hash was missing, and those of them whose hash has come. */
  get counts(): { readonly wanted: number; readonly found: number } {
    return { wanted: this.#wanted, found: this.#wanted - this.#missing };
  }

  get #missing(): number {
    return [...this.#parts.values()].reduce((sum, { pieces }) => sum + pieces, 0);
  }

  get isOver(): boolean {
    return this.#parts.size === 0;
  }

  /** What to ask now. */
  next(peers: Iterable<PeerIndex>, now: number): HashAsk[] {
    const busy = new Map<PeerIndex, number>([...peers].map((peer) => [peer, 0]));
    for (const part of this.#parts.values()) {
      this.#expire(part, busy, now);
      for (const peer of part.asked.keys()) busy.set(peer, (busy.get(peer) ?? 0) + 1);
    }
    const asks: HashAsk[] = [];
    for (let round = 1; round <= HASHES_ASKED_PEERS; round++)
      for (const part of this.#parts.values()) {
        const peer = part.asked.size < round ? this.#choose(part, busy, now) : null;
        if (peer === null) continue;
        part.asked.set(peer, now);
        busy.set(peer, (busy.get(peer) ?? 0) + 1);
        asks.push({ peer, request: part.request });
      }
    return asks;
  }

  /** `hashes`: null if the peer refused. Returns whether it lied. An answer that comes late is as good. */
  arrived(peer: PeerIndex, request: HashRequest, hashes: Uint8Array | null, now: number): 'lie' | 'taken' {
    const part = this.#parts.get(keyOfRequest(request));
    if (part === undefined) return 'taken';
    part.asked.delete(peer);
    if (hashes === null) this.#fails(part, peer, now);
    else if (!isProven(part.request, hashes)) {
      this.#fails(part, peer, now);
      return 'lie';
    } else {
      this.#failures.delete(peer);
      this.#trees.roots.set(hashes.subarray(0, part.pieces * TREE_HASH_BYTES), part.first * TREE_HASH_BYTES);
      this.#parts.delete(keyOfRequest(request));
    }
    return 'taken';
  }

  #expire(part: Part, peers: ReadonlyMap<PeerIndex, number>, now: number): void {
    for (const [peer, at] of part.asked) {
      if (peers.has(peer) && now - at < HASHES_TIMEOUT_MS) continue;
      part.asked.delete(peer);
      this.#fails(part, peer, now);
    }
  }

  #fails({ failed }: Part, peer: PeerIndex, now: number): void {
    failed.set(peer, now + HASHES_RETRY_MS);
    this.#failures.set(peer, (this.#failures.get(peer) ?? 0) + 1);
  }

  /** Of those that may have it: the one that failed least, and then the one with the fewest parts. Many never answer. */
  #choose({ failed, asked }: Part, busy: ReadonlyMap<PeerIndex, number>, now: number): PeerIndex | null {
    let best: PeerIndex | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const [peer, count] of busy) {
      if (count >= HASHES_ASKED_PARTS || asked.has(peer) || (failed.get(peer) ?? 0) > now) continue;
      const cost = (this.#failures.get(peer) ?? 0) * HASHES_ASKED_PARTS + count;
      if (cost < least) [best, least] = [peer, cost];
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
    parts.push({ request, first: first + index, pieces, asked: new Map(), failed: new Map() });
  }
  return parts;
}
