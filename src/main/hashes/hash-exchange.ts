/** Hashes of trees (BEP 52) with the peers of a torrent: answers those who ask, and asks for piece layers that are missing. */
import type { HashEvent, HashRequest } from '../../shared/hash-messages.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { MainWorld } from '../main-world.ts';
import type { Race } from '../race/race.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { HashAnswers } from './hash-answers.ts';
import { LayerSearch } from './layer-search.ts';

export class HashExchange {
  readonly #race: () => Race;
  readonly #world: MainWorld;
  readonly #clock: LivedClock;
  /** Peers that may be asked. */
  readonly #peers = new Set<PeerIndex>();
  #metainfo: Metainfo | null = null;
  #answers: HashAnswers | null = null;
  #search: LayerSearch | null = null;
  #endAsking = (): void => {};
  #found = (): void => {};

  /** `race` is read on first use, because a race and its listener need each other. */
  constructor(race: () => Race, world: MainWorld) {
    this.#race = race;
    this.#world = world;
    this.#clock = new LivedClock(world.now);
  }

  /** From now on peers get its hashes. */
  know(metainfo: Metainfo): void {
    const { version2, geometry } = metainfo;
    this.#metainfo = metainfo;
    if (version2 !== null) this.#answers = new HashAnswers(version2, geometry);
  }

  /** Asks for the piece layers that are missing; resolves when all are there. Call it after `know`. */
  async findLayers(): Promise<void> {
    const { version2 = null, geometry = null } = this.#metainfo ?? {};
    if (version2 === null || geometry === null) return;
    const search = new LayerSearch(version2.trees, version2.files, geometry);
    if (search.isOver) return;
    this.#search = search;
    const found = new Promise<void>((resolve) => {
      this.#found = resolve;
    });
    this.#endAsking = this.#world.every(TICK_MS, () => this.#ask());
    this.#ask();
    await found;
  }

  heard(event: HashEvent): void {
    const { peer } = event;
    switch (event.type) {
      case 'has-hashes':
        this.#peers.add(peer);
        return this.#ask();
      case 'hash-request': {
        const { request } = event;
        const hashes = this.#answers?.to(request) ?? null;
        return this.#race().tell(peer, { type: 'tell-hashes', peer, request, hashes });
      }
      case 'hashes':
        return this.#answered(peer, event.request, event.hashes);
    }
  }

  closed(outcomes: readonly PeerOutcome[]): void {
    for (const { peer } of outcomes) this.#peers.delete(peer);
  }

  #answered(peer: PeerIndex, request: HashRequest, hashes: Uint8Array | null): void {
    const search = this.#search;
    if (search === null) return;
    if (search.arrived(peer, request, hashes, this.#clock.now()) === 'lie')
      this.#race().convictOfMetadata(peer);
    if (!search.isOver) return this.#ask();
    this.stop();
    this.#found();
  }

  stop(): void {
    this.#search = null;
    this.#endAsking();
  }

  #ask(): void {
    for (const { peer, request } of this.#search?.next(this.#peers, this.#clock.now()) ?? [])
      this.#race().tell(peer, { type: 'ask-hashes', peer, requests: [request] });
  }
}
