/** Who of a shard's peers has work and who looks for some. */
import { REFUSAL_MS } from '../../shared/limits.ts';
import type { RequestedPeer } from './requester.ts';

export class Workforce {
  /** Peers with room for requests, for whom there was nothing to ask; who waits longest is first. */
  readonly #hungry = new Set<RequestedPeer>();
  /** Peers that owe blocks; those that no longer do are dropped at the next look. */
  readonly #owing = new Set<RequestedPeer>();

  get anyHungry(): boolean {
    return this.#hungry.size > 0;
  }

  hungers(peer: RequestedPeer): void {
    this.#hungry.add(peer);
  }

  /** It gets nothing new until then. */
  rest(peer: RequestedPeer, until: number): void {
    peer.book.restsUntil = Math.max(peer.book.restsUntil, until);
    this.hungers(peer);
  }

  hasEnough(peer: RequestedPeer): void {
    this.#hungry.delete(peer);
  }

  owes(peer: RequestedPeer): void {
    this.#owing.add(peer);
  }

  leave(peer: RequestedPeer): void {
    this.#hungry.delete(peer);
    this.#owing.delete(peer);
  }

  /** Calls `serve` for each hungry peer in turn, until it says that there is nothing for anybody. */
  feed(serve: (peer: RequestedPeer) => boolean): void {
    let looks = this.#hungry.size;
    for (const peer of this.#hungry) {
      if (looks-- === 0) return;
      this.#hungry.delete(peer);
      if (!serve(peer)) return;
    }
  }

  /** Hungry peers that owe nothing and may be given work. */
  idle(now: number): RequestedPeer[] {
    return [...this.#hungry].filter(({ book }) => book.queue.size === 0 && book.restsUntil <= now);
  }

  /** Who refused a piece once may be asked for it again after a while: it may be the only one that has it. */
  forgetRefusals(now: number): void {
    for (const { book } of this.#hungry) {
      if (book.refused === null || now - book.refusedAt < REFUSAL_MS) continue;
      book.refused = null;
      book.cursor.at = 0;
    }
  }

  owing(): Iterable<RequestedPeer> {
    for (const peer of this.#owing) if (peer.book.queue.size === 0) this.#owing.delete(peer);
    return this.#owing;
  }

  /** What a peer of unknown speed is trusted with at first: its part of `room` blocks, at least one. */
  fairShare(room: number): number {
    return Math.max(1, Math.floor(room / (this.#owing.size + this.#hungry.size + 1)));
  }
}
