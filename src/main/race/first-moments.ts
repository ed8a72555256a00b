/** When a race began, and when a peer first unchoked us and sent a block. Times in monotonic milliseconds, as all threads see them. */
import type { PeerIndex } from '../../shared/indices.ts';
import type { Unchoke } from './race-options.ts';

export class FirstMoments {
  #startedAt: number | null = null;
  #unchoke: Unchoke | null = null;
  #blockAt: number | null = null;

  /** When the first address went to a shard; null before that. */
  get startedAt(): number | null {
    return this.#startedAt;
  }

  get unchoke(): Unchoke | null {
    return this.#unchoke;
  }

  /** Milliseconds from the start to the first unchoke (TTFU). */
  get ttfuMs(): number | null {
    return this.#since(this.#unchoke?.at ?? null);
  }

  get firstBlockMs(): number | null {
    return this.#since(this.#blockAt);
  }

  started(now: number): void {
    this.#startedAt ??= now;
  }

  /** Returns true for the first one that main hears of. Two shards may each have had one: the earlier one counts. */
  unchoked(shard: number, peer: PeerIndex, at: number): boolean {
    const isFirst = this.#unchoke === null;
    if (this.#unchoke === null || at < this.#unchoke.at) this.#unchoke = { peer, shard, at };
    return isFirst;
  }

  gotBlock(at: number): void {
    this.#blockAt = Math.min(this.#blockAt ?? Number.POSITIVE_INFINITY, at);
  }

  #since(at: number | null): number | null {
    // An incoming peer may unchoke us before main has heard of it.
    return at === null || this.#startedAt === null ? null : Math.max(0, at - this.#startedAt);
  }
}
