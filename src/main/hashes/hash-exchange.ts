/**
 * Hashes of trees (BEP 52) with the peers of a torrent: answers those that ask, and asks for missing piece layers and for the hashes of the
 * blocks of bad pieces.
 */
import { deferred } from '../../shared/deferred.ts';
import { type HashEvent, type HashRequest, keyOfRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { MAX_PEER_LEAF_READS, TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { MainWorld } from '../main-world.ts';
import type { Race } from '../race/race.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { HashedFile } from '../torrent/piece-layers.ts';
import { HashAnswers } from './hash-answers.ts';
import { LayerSearch } from './layer-search.ts';
import { type LeafSearch, leafSearch } from './leaf-search.ts';

/** How far the search for the hashes of pieces is. */
export interface PieceHashSearch {
  /** Peers that may be asked. */
  readonly peers: number;
  /** Pieces whose hash was missing, and those of them whose hash has come. */
  readonly wanted: number;
  readonly found: number;
}

export class HashExchange {
  readonly #race: () => Race;
  readonly #world: MainWorld;
  readonly #clock: LivedClock;
  /** Peers that may be asked: those that answered last come first. */
  readonly #peers = new Set<PeerIndex>();
  /** They were asked for hashes of blocks and said nothing. */
  readonly #silent = new Set<PeerIndex>();
  #metainfo: Metainfo | null = null;
  #answers: HashAnswers | null = null;
  #search: LayerSearch | null = null;
  readonly #leaves = new Set<LeafSearch>();
  #endAsking: (() => void) | null = null;
  readonly #wanted = deferred<void>();
  readonly #all = deferred<void>();

  /** `race` is read on first use, because a race and its listener need each other. */
  constructor(race: () => Race, world: MainWorld) {
    this.#race = race;
    this.#world = world;
    this.#clock = new LivedClock(world.now);
  }

  /** Null while no piece layer is searched. */
  get search(): PieceHashSearch | null {
    return this.#search === null ? null : { peers: this.#peers.size, ...this.#search.counts };
  }

  /** From now on peers get its hashes. */
  know(metainfo: Metainfo): void {
    const { version2, geometry } = metainfo;
    this.#metainfo = metainfo;
    if (version2 !== null) this.#answers = new HashAnswers(version2, geometry);
  }

  /**
   * Asks for the piece layers that are missing: resolves when those of wanted files are there, and when all are. Null if none is missing.
   * Call it after `know`.
   */
  findLayers(
    isWanted: (file: HashedFile) => boolean,
  ): { readonly wanted: Promise<void>; readonly all: Promise<void> } | null {
    const { version2 = null, geometry = null } = this.#metainfo ?? {};
    if (version2 === null || geometry === null) return null;
    const search = new LayerSearch(version2.trees, version2.files, geometry, isWanted);
    if (search.isOver) return null;
    this.#search = search;
    const found = { wanted: this.#wanted.promise, all: this.#all.promise };
    this.#tellFound();
    this.#begin();
    return found;
  }

  /** What the blocks of a piece must hash to, if a peer says that in time; null: nobody can be asked. */
  leavesOf(piece: PieceIndex): Promise<Uint8Array | null> | null {
    const { version2 = null, geometry = null } = this.#metainfo ?? {};
    if (version2 === null || geometry === null || this.#talkative.length === 0) return null;
    const search = leafSearch(piece, version2.trees, version2.files, geometry, this.#clock.now());
    if (search === null) return null;
    this.#leaves.add(search);
    this.#begin();
    return search.found;
  }

  heard(event: HashEvent): void {
    const { peer } = event;
    switch (event.type) {
      case 'has-hashes':
        this.#peers.add(peer);
        return this.#ask();
      case 'hash-request': {
        const { request } = event;
        const answer = this.#answers?.to(request) ?? null;
        return this.#race().tell(peer, { type: 'tell-hashes', peer, request, answer });
      }
      case 'hashes':
        return this.#answered(peer, event.request, event.hashes);
    }
  }

  closed(outcomes: readonly PeerOutcome[]): void {
    for (const { peer } of outcomes) {
      this.#peers.delete(peer);
      this.#silent.delete(peer);
    }
  }

  #answered(peer: PeerIndex, request: HashRequest, hashes: Uint8Array | null): void {
    this.#silent.delete(peer);
    if (hashes !== null && this.#peers.delete(peer)) this.#peers.add(peer);
    const key = keyOfRequest(request);
    const leaves = [...this.#leaves].find((search) => keyOfRequest(search.request) === key);
    const isLie =
      leaves?.arrived(peer, hashes) ??
      this.#search?.arrived(peer, request, hashes, this.#clock.now()) === 'lie';
    if (isLie) this.#race().convictOfLie(peer);
    this.#tellFound();
    this.#ask();
  }

  #tellFound(): void {
    if (this.#search?.hasWanted === true) this.#wanted.resolve();
    if (this.#search?.isOver !== true) return;
    this.#search = null;
    this.#all.resolve();
  }

  get #talkative(): PeerIndex[] {
    return [...this.#peers].filter((peer) => !this.#silent.has(peer)).reverse();
  }

  #begin(): void {
    this.#endAsking ??= this.#world.every(TICK_MS, () => this.#ask());
    this.#ask();
  }

  stop(): void {
    this.#search = null;
    for (const search of this.#leaves) search.stop();
    this.#ask();
  }

  /** Asks what is due, and rests when nothing is missing. */
  #ask(): void {
    const now = this.#clock.now();
    const tell = (peer: PeerIndex, request: HashRequest): void =>
      this.#race().tell(peer, { type: 'ask-hashes', peer, requests: [request] });
    for (const { peer, request } of this.#search?.next(this.#peers, now) ?? []) tell(peer, request);
    // A peer reads a whole piece for each answer. We reject what is more than this at one time, so others may as well.
    const mayAsk = (peer: PeerIndex): boolean => {
      let asked = 0;
      for (const { silent } of this.#leaves) if (silent.has(peer)) asked += 1;
      return asked < MAX_PEER_LEAF_READS;
    };
    for (const search of this.#leaves) {
      for (const peer of search.next(this.#talkative, now, mayAsk)) tell(peer, search.request);
      if (!search.isOver) continue;
      this.#leaves.delete(search);
      for (const peer of search.silent) this.#silent.add(peer);
    }
    if (this.#search !== null || this.#leaves.size > 0) return;
    this.#endAsking?.();
    this.#endAsking = null;
  }
}
