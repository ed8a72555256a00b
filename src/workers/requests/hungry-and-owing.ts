/** Which peers of a shard owe blocks, and which look for work. */
import { MAX_REST_MS, REJECTS_BEFORE_REST, SLOW_OWNER_MS, SLOW_OWNER_REST_MS } from '../../shared/limits.ts';
import type { RequestBook, RequestedPeer } from './requester.ts';

export class HungryAndOwing {
  /** Peers with room for requests but nothing to request; the one that waits longest is first. */
  readonly #hungry = new Set<RequestedPeer>();
  /** Peers that owe blocks; those that no longer do are dropped at the next check. */
  readonly #owing = new Set<RequestedPeer>();

  get anyHungry(): boolean {
    return this.#hungry.size > 0;
  }

  hungers(peer: RequestedPeer): void {
    this.#hungry.add(peer);
  }

  /** It gets no new requests until then. */
  rest(peer: RequestedPeer, until: number): void {
    peer.book.restsUntil = Math.max(peer.book.restsUntil, until);
    this.hungers(peer);
  }

  /** No peer owes anything: peers that rest because another was faster may try again. */
  wake(now: number): void {
    for (const peer of this.owing()) if (peer.book.restsUntil <= now) return;
    for (const { book } of this.#hungry)
      if (book.rejectsInRow < REJECTS_BEFORE_REST)
        book.restsUntil = Math.min(book.restsUntil, book.struckAt + 1_000);
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

  /** Calls `serve` for each hungry peer in turn, until nothing is left for any. */
  feed(serve: (peer: RequestedPeer) => boolean): void {
    let looks = this.#hungry.size;
    for (const peer of this.#hungry) {
      if (looks-- === 0) return;
      this.#hungry.delete(peer);
      if (!serve(peer)) return;
    }
  }

  /**
   * Peers that may take over from slow ones: first those that have shown their speed, the fastest first, when half their
   * window is free; then those that owe nothing and have shown nothing yet, the one that failed longest ago first.
   */
  helpers(now: number): RequestedPeer[] {
    const proven: RequestedPeer[] = [];
    const unproven: RequestedPeer[] = [];
    for (const peer of this.#hungry) {
      const { book } = peer;
      if (book.restsUntil > now) continue;
      if (book.proven && book.queue.size * 2 <= book.window.size) proven.push(peer);
      else if (!book.owes) unproven.push(peer);
    }
    return [
      ...proven.sort((a, b) => b.book.window.rate - a.book.window.rate),
      ...unproven.sort((a, b) => a.book.struckAt - b.book.struckAt),
    ];
  }

  /** Peers that have shown their speed, the fastest first, those with work of their own included. */
  proven(now: number): RequestedPeer[] {
    const peers = new Set([...this.owing(), ...this.#hungry]);
    return [...peers]
      .filter(({ book }) => book.proven && book.restsUntil <= now)
      .sort((a, b) => b.book.window.rate - a.book.window.rate);
  }

  owing(): Iterable<RequestedPeer> {
    for (const peer of this.#owing) if (!peer.book.owes) this.#owing.delete(peer);
    return this.#owing;
  }

  /** Requests for a peer of unknown speed at first: its share of `room` blocks, at least one. */
  fairShare(room: number): number {
    return Math.max(1, Math.floor(room / (this.#owing.size + this.#hungry.size + 1)));
  }
}

/** The peer keeps us waiting. It gets nothing new for a while, longer each time; otherwise it would hold that up as well. */
export function noteSilence(book: RequestBook, now: number): void {
  if (now - book.owingSince < SLOW_OWNER_MS) return;
  if (book.struckAt < book.owingSince) strike(book, now);
  book.restsUntil = Math.max(book.restsUntil, now + restMs(SLOW_OWNER_REST_MS, book.strikes - 1));
}

/** Records that the peer kept us waiting or was replaced. */
export function strike(book: RequestBook, now: number): void {
  book.strikes += 1;
  book.struckAt = now;
  book.restsUntil = Math.max(book.restsUntil, now + restMs(SLOW_OWNER_REST_MS, book.strikes - 1));
}

/** The peer rejected a block (BEP 6). A peer that rejects everything and gives nothing is asked less and less often. */
export function noteRejection(book: RequestBook, now: number): void {
  book.rejectsInRow += 1;
  const rests = book.rejectsInRow / REJECTS_BEFORE_REST;
  if (Number.isInteger(rests)) book.restsUntil = Math.max(book.restsUntil, now + restMs(1_000, rests - 1));
}

function restMs(first: number, times: number): number {
  return Math.min(MAX_REST_MS, first * 2 ** Math.min(times, 10));
}
