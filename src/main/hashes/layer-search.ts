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
  HASHES_LOOKED_PARTS,
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

/** Pieces whose hashes a part has: the first `pieces` of its hashes. */
interface Target {
  readonly first: number;
  readonly pieces: number;
  readonly isWanted: boolean;
}

interface Part {
  readonly request: HashRequest;
  /** One for each file with this root: equal files have the same layer. */
  readonly targets: Target[];
  /** Who is asked for it, and since when. */
  readonly asked: Map<PeerIndex, number>;
  /** Who did not give it, and until when it is not asked again. */
  readonly failed: Map<PeerIndex, number>;
}

export class LayerSearch {
  readonly #trees: PieceTrees;
  readonly #parts = new Map<string, Part>();
  /** Those that nobody is asked for, and those that somebody is. There may be hundred thousands of them, and a few for each peer are asked. */
  readonly #idle = new Set<Part>();
  readonly #asked = new Set<Part>();
  readonly #wanted: number;
  #missing = 0;
  /** Since a peer last gave something. */
  readonly #failures = new Map<PeerIndex, number>();

  /** `isWanted`: the layers of these files are asked for first. */
  constructor(
    trees: PieceTrees,
    files: readonly HashedFile[],
    g: Geometry,
    isWanted: (file: HashedFile) => boolean = () => true,
  ) {
    this.#trees = trees;
    const lacking = layeredFiles(files, g).filter((file) => layerOf(trees, g, file) === null);
    for (const now of [true, false])
      for (const file of lacking)
        if (isWanted(file) === now) for (const part of partsOf(file, g, now)) this.#add(part);
    this.#wanted = this.#missing;
  }

  #add(part: Part): void {
    for (const { pieces, isWanted } of part.targets) if (isWanted) this.#missing += pieces;
    const key = keyOfRequest(part.request);
    const equal = this.#parts.get(key);
    if (equal !== undefined) {
      equal.targets.push(...part.targets);
      return;
    }
    this.#parts.set(key, part);
    this.#idle.add(part);
  }

  /** Pieces of wanted files whose hash was missing, and those of them whose hash has come. */
  get counts(): { readonly wanted: number; readonly found: number } {
    return { wanted: this.#wanted, found: this.#wanted - this.#missing };
  }

  /** Nothing is missing of wanted files. */
  get hasWanted(): boolean {
    return this.#missing === 0;
  }

  get isOver(): boolean {
    return this.#parts.size === 0;
  }

  /** What to ask now. */
  next(peers: Iterable<PeerIndex>, now: number): HashAsk[] {
    const free = this.#free(new Map([...peers].map((peer) => [peer, 0])), now);
    const asks: HashAsk[] = [];
    const ask = (part: Part): void => {
      const peer = this.#choose(part, free, now);
      if (peer === null) return;
      this.#idle.delete(part);
      this.#asked.add(part);
      part.asked.set(peer, now);
      asks.push({ peer, request: part.request });
      const count = (free.get(peer) ?? 0) + 1;
      if (count < HASHES_ASKED_PARTS) free.set(peer, count);
      else free.delete(peer);
    };
    for (const part of this.#someIdle()) if (free.size > 0) ask(part);
    for (let round = 2; round <= HASHES_ASKED_PEERS && free.size > 0; round++)
      for (const part of [...this.#asked]) if (part.asked.size < round) ask(part);
    return asks;
  }

  /** `hashes`: null if the peer refused. Returns whether it lied. An answer that comes late is as good. */
  arrived(peer: PeerIndex, request: HashRequest, hashes: Uint8Array | null, now: number): 'lie' | 'taken' {
    const part = this.#parts.get(keyOfRequest(request));
    if (part === undefined) return 'taken';
    if (hashes !== null && isProven(part.request, hashes)) {
      this.#take(part, hashes);
      this.#failures.delete(peer);
      return 'taken';
    }
    part.asked.delete(peer);
    this.#fails(part, peer, now);
    return hashes === null ? 'taken' : 'lie';
  }

  #take(part: Part, hashes: Uint8Array): void {
    for (const { first, pieces, isWanted } of part.targets) {
      this.#trees.roots.set(hashes.subarray(0, pieces * TREE_HASH_BYTES), first * TREE_HASH_BYTES);
      if (isWanted) this.#missing -= pieces;
    }
    this.#parts.delete(keyOfRequest(part.request));
    this.#idle.delete(part);
    this.#asked.delete(part);
  }

  /** The next ones, in turns: peers may have refused many of them. */
  #someIdle(): Part[] {
    const some: Part[] = [];
    for (const part of this.#idle) {
      if (some.length === HASHES_LOOKED_PARTS) break;
      some.push(part);
    }
    for (const part of some) {
      this.#idle.delete(part);
      this.#idle.add(part);
    }
    return some;
  }

  /** The peers that may be asked for more, and for how many parts each is asked. */
  #free(peers: Map<PeerIndex, number>, now: number): Map<PeerIndex, number> {
    for (const part of [...this.#asked]) {
      this.#expire(part, peers, now);
      for (const peer of part.asked.keys()) peers.set(peer, (peers.get(peer) ?? 0) + 1);
    }
    for (const [peer, count] of peers) if (count >= HASHES_ASKED_PARTS) peers.delete(peer);
    return peers;
  }

  #expire(part: Part, peers: ReadonlyMap<PeerIndex, number>, now: number): void {
    for (const [peer, at] of part.asked) {
      if (peers.has(peer) && now - at < HASHES_TIMEOUT_MS) continue;
      part.asked.delete(peer);
      this.#fails(part, peer, now);
    }
  }

  #fails(part: Part, peer: PeerIndex, now: number): void {
    part.failed.set(peer, now + HASHES_RETRY_MS);
    this.#failures.set(peer, (this.#failures.get(peer) ?? 0) + 1);
    if (part.asked.size > 0) return;
    this.#asked.delete(part);
    this.#idle.add(part);
  }

  /** Of those that may have it: the one that failed least, and then the one with the fewest parts. Many never answer. */
  #choose({ failed, asked }: Part, free: ReadonlyMap<PeerIndex, number>, now: number): PeerIndex | null {
    let best: PeerIndex | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const [peer, count] of free) {
      if (asked.has(peer) || (failed.get(peer) ?? 0) > now) continue;
      const cost = (this.#failures.get(peer) ?? 0) * HASHES_ASKED_PARTS + count;
      if (cost < least) [best, least] = [peer, cost];
    }
    return best;
  }
}

function partsOf(file: HashedFile, g: Geometry, isWanted: boolean): Part[] {
  const { first, end } = piecesOf(g, file);
  const width = treeWidth(end - first);
  const count = Math.min(HASHES_PART, width);
  const base = layersOver(g.pieceLength / BLOCK_BYTES);
  const parts: Part[] = [];
  for (let index = 0; index < end - first; index += count) {
    const request = { root: file.root, base, index, count, proofs: layersOver(width) - 1 };
    const pieces = Math.min(count, end - first - index);
    const targets = [{ first: first + index, pieces, isWanted }];
    parts.push({ request, targets, asked: new Map(), failed: new Map() });
  }
  return parts;
}
