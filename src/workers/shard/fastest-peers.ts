/** The fastest peers: once a second, the few peers that sent the most since the last time. */
import { FASTEST_PEERS_INTERVAL_MS } from '../../shared/limits.ts';
import { fastestOf, type PeerRate } from '../../shared/peer-rate.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';

/** The part of a peer that is read here. */
type Giver = Pick<PeerDriver, 'index' | 'receivedBytes' | 'client' | 'peerIdPrefix'>;

export class FastestPeers {
  /** What each peer had sent at the last look. A peer that never sent anything is not in it. */
  #before = new Map<number, number>();
  #lookedAt: number;
  #hadSome = false;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** The last report had peers in it: main must hear when there are none any more. */
  get hasTold(): boolean {
    return this.#hadSome;
  }

  /** The fastest first; null before the second is over, or if no peer sent anything and this was already reported. */
  tick(peers: Iterable<Giver>, now: number): PeerRate[] | null {
    const elapsedMs = now - this.#lookedAt;
    if (elapsedMs < FASTEST_PEERS_INTERVAL_MS) return null;
    this.#lookedAt = now;
    const seen = new Map<number, number>();
    const rates: PeerRate[] = [];
    for (const { index, receivedBytes, client, peerIdPrefix } of peers) {
      if (receivedBytes === 0) continue;
      seen.set(index, receivedBytes);
      const sent = receivedBytes - (this.#before.get(index) ?? 0);
      if (sent > 0) rates.push({ peer: index, client, peerIdPrefix, bytesPerS: (sent * 1_000) / elapsedMs });
    }
    this.#before = seen;
    const hadSome = this.#hadSome;
    this.#hadSome = rates.length > 0;
    return this.#hadSome || hadSome ? fastestOf(rates) : null;
  }
}
