/** The peers of a shard that stay, if only the first unchokers are wanted or if more peers wait than we may work with. */
import type { PeerIndex } from '../../shared/indices.ts';
import { TURNOVER_INTERVAL_MS } from '../../shared/limits.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import { slowest } from './turnover.ts';

export class KeptPeers {
  readonly #peers: ReadonlyMap<PeerIndex, PeerDriver>;
  #kept: ReadonlySet<PeerIndex> | null = null;
  #turnoverAt: number;

  constructor(peers: ReadonlyMap<PeerIndex, PeerDriver>, now: number) {
    this.#peers = peers;
    this.#turnoverAt = now;
  }

  /** True if no other peers are wanted. */
  get decided(): boolean {
    return this.#kept !== null;
  }

  /** These peers stay; all others leave the race. */
  keep(peers: readonly PeerIndex[]): void {
    const kept = new Set(peers);
    this.#kept = kept;
    for (const peer of [...this.#peers.values()]) if (!kept.has(peer.index)) peer.close('race-lost');
  }

  /** The kept peers are gone: the race is open again. */
  resume(): void {
    this.#kept = null;
  }

  /**
   * The peers to replace: once in a while, if others wait for a place, the slowest working ones. If only lost peers wait, only
   * working peers that send nothing.
   */
  turnOver(now: number, waiting: 'none' | 'lost' | 'new'): PeerDriver[] {
    if (now - this.#turnoverAt < TURNOVER_INTERVAL_MS) return [];
    this.#turnoverAt = now;
    if (waiting === 'none' || this.decided) return [];
    return slowest(this.#peers.values(), now).filter(
      (peer) => waiting === 'new' || peer.book.window.rate === 0,
    );
  }
}
