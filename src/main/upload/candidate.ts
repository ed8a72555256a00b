/** A peer that wants data from us, as main knows it: what it gave and got lately, and since when it is unchoked. */

import type { Contender } from '../../shared/contender.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import { CONTENDERS_MS, RECHOKE_MS } from '../../shared/limits.ts';

export class Candidate {
  readonly peer: PeerIndex;
  wants = false;
  /** It is unchoked and leaves its place unused. */
  isIdle = false;
  /** It has requested blocks that it has not got. */
  isOwed = false;
  gaveBytes = 0;
  gotBytes = 0;
  /** Bytes per second over about the last rounds. */
  gaveRate = 0;
  gotRate = 0;
  /** Since when it is unchoked; null if it is choked. */
  unchokedSince: number | null = null;
  /** When it was last choked; null if it was never unchoked. */
  chokedAt: number | null;
  /** What it had got when it was unchoked. */
  gotAtUnchoke = 0;
  /** When its shard last reported it. */
  heardAt = 0;
  #sampledAt: number | null = null;
  /** What it had got when it was last heard of; null before the first time. */
  #heardBytes: number | null = null;

  constructor(peer: PeerIndex, chokedAt: number | null = null) {
    this.peer = peer;
    this.chokedAt = chokedAt;
  }

  /** News of its shard. `now`: milliseconds. */
  heard({ wants, isIdle, isOwed, gaveBytes, gotBytes }: Contender, now: number): void {
    this.heardAt = now;
    this.wants = wants;
    this.isIdle = isIdle;
    this.isOwed = isOwed;
    const ms = now - (this.#sampledAt ?? now);
    // Rates of a short time say nothing; the first report is where counting begins.
    if (this.#sampledAt !== null && ms < CONTENDERS_MS / 2) return;
    if (this.#sampledAt !== null) {
      const keep = Math.exp(-ms / RECHOKE_MS);
      const perS = (bytes: number): number => ((bytes * 1_000) / ms) * (1 - keep);
      this.gaveRate = this.gaveRate * keep + perS(gaveBytes - this.gaveBytes);
      this.gotRate = this.gotRate * keep + perS(gotBytes - this.gotBytes);
    }
    this.#sampledAt = now;
    this.gaveBytes = gaveBytes;
    this.gotBytes = gotBytes;
  }

  /** `bytes`: what it has got in all. Returns what it has got since the last call. */
  got(bytes: number): number {
    const more = Math.max(0, bytes - (this.#heardBytes ?? bytes));
    this.#heardBytes = bytes;
    return more;
  }

  unchoke(now: number): void {
    this.unchokedSince = now;
    this.isIdle = false;
    this.gotAtUnchoke = this.gotBytes;
  }

  choke(now: number): void {
    this.unchokedSince = null;
    this.chokedAt = now;
  }
}
