/** Fetches the metadata of a magnet link over a race: receives offers and parts, sends requests, resolves with the proven bytes. */

import type { PeerIndex } from '../../shared/indices.ts';
import { TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { PeerOutcome } from '../../shared/messages.ts';
import type { MetadataPart } from '../../shared/metadata-part.ts';
import { type MainWorld, SYSTEM_MAIN } from '../main-world.ts';
import type { Race } from '../race/race.ts';
import type { InfoHashes } from '../torrent/info-hash.ts';
import { MetadataFetch, type MetadataNews, type MetadataSearch } from './metadata-fetch.ts';

export class MetadataRace {
  /** The info dictionary; never rejects. */
  readonly found: Promise<Uint8Array>;
  readonly #race: () => Race;
  readonly #fetch: MetadataFetch;
  readonly #world: MainWorld;
  readonly #clock: LivedClock;
  readonly #endAsking: () => void;
  #resolve: (info: Uint8Array) => void = () => {};
  #asking = false;
  #done = false;

  /** `race` is read on first use, because a race and its listener need each other. */
  constructor(hashes: InfoHashes, race: () => Race, world: MainWorld = SYSTEM_MAIN) {
    this.#race = race;
    this.#world = world;
    this.#clock = new LivedClock(world.now);
    this.#fetch = new MetadataFetch(hashes);
    this.found = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#endAsking = world.every(TICK_MS, () => this.#ask());
  }

  get search(): MetadataSearch {
    return this.#fetch.search;
  }

  /** `bytes` as in the event `metadata-offer`. */
  offered(peer: PeerIndex, bytes: number | null): void {
    const [shared, lived] = [this.#world.now(), this.#clock.now()];
    if (bytes === null) this.#fetch.gone(peer, shared);
    else this.#fetch.offered(peer, bytes, { shared, lived });
    this.#askSoon();
  }

  arrived(peer: PeerIndex, part: MetadataPart): void {
    this.#heed(this.#fetch.arrived(peer, part, this.#clock.now()));
    this.#askSoon();
  }

  closed(outcomes: readonly PeerOutcome[]): void {
    for (const { peer, timeline } of outcomes) this.#fetch.gone(peer, timeline.closed ?? this.#world.now());
  }

  stop(): void {
    this.#done = true;
    this.#endAsking();
  }

  #heed({ info, liars }: MetadataNews): void {
    for (const liar of liars) this.#race().convictOfLie(liar);
    if (info === null || this.#done) return;
    this.stop();
    this.#resolve(info);
  }

  /** Once for all events of a turn: hundreds of offers may come together. */
  #askSoon(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#world.soon(() => {
      this.#asking = false;
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#done) return;
    for (const { peer, parts } of this.#fetch.next(this.#clock.now()))
      this.#race().tell(peer, { type: 'ask-metadata', peer, parts });
  }
}
