/**
 * The download limit of a session on one shard: blocks are requested as the limit allows, and arrive at that rate. One for all
 * torrents of the shard.
 */
import type { Clock } from '../../shared/clock.ts';
import type { RateBucket } from '../../shared/rate-bucket.ts';
import { RateTicks } from '../../shared/rate-ticks.ts';
import type { RequestedPeer } from './requester.ts';

export class RequestPace {
  readonly #bucket: RateBucket | null;
  readonly #clock: Clock;
  /** Peers, and what goes on when blocks may be requested again, in the order in which they began to wait. */
  readonly #waiting = new Map<RequestedPeer, () => void>();
  readonly #ticks: RateTicks;

  /** `bucket`: null if there is no limit. `clock`: the time that all threads share, milliseconds. */
  constructor(bucket: RateBucket | null, clock: Clock, later: (ms: number, work: () => void) => void) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#ticks = new RateTicks(later, () => this.#tick());
  }

  /** How many blocks may be requested before the next question. */
  get atOnce(): number {
    if (this.#bucket === null) return Number.POSITIVE_INFINITY;
    return this.#bucket.mayTake(this.#clock()) ? 1 : 0;
  }

  /** A block of so many bytes was requested. */
  requested(bytes: number): void {
    this.#bucket?.spend(bytes);
  }

  /** Calls `goOn` when blocks may be requested again, unless the peer has left. A peer waits once. */
  wait(peer: RequestedPeer, goOn: () => void): void {
    if (!this.#waiting.has(peer)) this.#waiting.set(peer, goOn);
    this.#ticks.begin();
  }

  #tick(): boolean {
    for (const [peer, goOn] of [...this.#waiting]) {
      if (this.atOnce === 0) break;
      this.#waiting.delete(peer);
      if (peer.inSession) goOn();
    }
    return this.#waiting.size > 0;
  }
}
