/**
 * What a shard says to the main thread, gathered and bounded. Full pieces wait for the end of the turn, closed peers for
 * the next tick: while thousands are dialled, hundreds close in each moment, and a message each would cost more than the
 * dials. What must not wait at all (the first unchoke) goes past it.
 */
import { EVENTS_PER_MESSAGE } from '../shared/limits.ts';
import type { FullPiece, PeerOutcome, ShardEvent } from '../shared/messages.ts';

export class Outbox {
  readonly #post: (event: ShardEvent) => void;
  readonly #soon: (work: () => void) => void;
  #full: FullPiece[] = [];
  #closed: PeerOutcome[] = [];

  constructor(post: (event: ShardEvent) => void, soon: (work: () => void) => void) {
    this.#post = post;
    this.#soon = soon;
  }

  now(event: ShardEvent): void {
    this.#post(event);
  }

  full(piece: FullPiece): void {
    this.#full.push(piece);
    if (this.#full.length === 1) this.#soon(() => this.#flushFull());
  }

  closed(outcome: PeerOutcome): void {
    this.#closed.push(outcome);
    if (this.#closed.length >= EVENTS_PER_MESSAGE) this.flush();
  }

  /** Sends all that waits; once a tick, and at the end. */
  flush(): void {
    this.#flushFull();
    if (this.#closed.length === 0) return;
    this.#post({ type: 'closed', outcomes: this.#closed });
    this.#closed = [];
  }

  #flushFull(): void {
    if (this.#full.length === 0) return;
    this.#post({ type: 'full', pieces: this.#full });
    this.#full = [];
  }
}
