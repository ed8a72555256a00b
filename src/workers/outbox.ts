/**
 * What a shard says to the main thread, gathered for one turn of the event loop and bounded: thousands of closing
 * peers make a few messages. What must not wait (the first unchoke) goes past it.
 */
import { EVENTS_PER_MESSAGE } from '../shared/limits.ts';
import type { FullPiece, PeerOutcome, ShardEvent } from '../shared/messages.ts';

export class Outbox {
  readonly #post: (event: ShardEvent) => void;
  readonly #soon: (work: () => void) => void;
  #full: FullPiece[] = [];
  #closed: PeerOutcome[] = [];
  #scheduled = false;

  constructor(post: (event: ShardEvent) => void, soon: (work: () => void) => void) {
    this.#post = post;
    this.#soon = soon;
  }

  now(event: ShardEvent): void {
    this.#post(event);
  }

  full(piece: FullPiece): void {
    this.#full.push(piece);
    this.#schedule();
  }

  closed(outcome: PeerOutcome): void {
    this.#closed.push(outcome);
    if (this.#closed.length >= EVENTS_PER_MESSAGE) this.flush();
    else this.#schedule();
  }

  flush(): void {
    if (this.#full.length > 0) this.#post({ type: 'full', pieces: this.#full });
    if (this.#closed.length > 0) this.#post({ type: 'closed', outcomes: this.#closed });
    this.#full = [];
    this.#closed = [];
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#soon(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
