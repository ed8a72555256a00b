/** Fetches the metadata of a magnet link over a race: receives offers and parts, sends requests, resolves with the proven bytes. */
import { monotonicMs } from '../../shared/clock.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { TICK_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { MetadataPart, PeerOutcome } from '../../shared/messages.ts';
import type { Race } from '../race/race.ts';
import { MetadataFetch, type MetadataNews, type MetadataSearch } from './metadata-fetch.ts';

export class MetadataRace {
  /** The info dictionary; never rejects. */
  readonly found: Promise<Uint8Array>;
  readonly #race: () => Race;
  readonly #fetch: MetadataFetch;
  readonly #timer: NodeJS.Timeout;
  readonly #clock = new LivedClock(monotonicMs);
  #resolve: (info: Uint8Array) => void = () => {};
  #asking = false;
  #done = false;

  /** `race` is read on first use, because a race and its listener need each other. */
  constructor(infoHash: Uint8Array, race: () => Race) {
    this.#race = race;
    this.#fetch = new MetadataFetch(infoHash);
    this.found = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#timer = setInterval(() => this.#ask(), TICK_MS);
  }

  get search(): MetadataSearch {
    return this.#fetch.search;
  }

  /** `bytes` as in the event `metadata-offer`. */
  offered(peer: PeerIndex, bytes: number | null): void {
    const now = monotonicMs();
    if (bytes === null) this.#fetch.gone(peer, now);
    else this.#fetch.offered(peer, bytes, now);
    this.#askSoon();
  }

  arrived(peer: PeerIndex, part: MetadataPart): void {
    this.#heed(this.#fetch.arrived(peer, part, monotonicMs()));
    this.#askSoon();
  }

  closed(outcomes: readonly PeerOutcome[]): void {
    for (const { peer, timeline } of outcomes) this.#fetch.gone(peer, timeline.closed ?? monotonicMs());
  }

  stop(): void {
    this.#done = true;
    clearInterval(this.#timer);
  }

  #heed({ info, liars }: MetadataNews): void {
    for (const liar of liars) this.#race().convictOfMetadata(liar);
    if (info === null || this.#done) return;
    this.stop();
    this.#resolve(info);
  }

  /** Once for all events of a turn: hundreds of offers may come together. */
  #askSoon(): void {
    if (this.#asking) return;
    this.#asking = true;
    setImmediate(() => {
      this.#asking = false;
      this.#ask();
    });
  }

  #ask(): void {
    if (this.#done) return;
    for (const { peer, parts } of this.#fetch.next(this.#clock.now())) this.#race().askMetadata(peer, parts);
  }
}
