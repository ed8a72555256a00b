/**
 * Within an upload limit, the peers of a shard take turns: one block each. Without a limit nobody waits. One for all torrents of
 * the shard.
 */
import type { Clock } from '../../shared/clock.ts';
import { RATE_TURN_MS } from '../../shared/limits.ts';
import type { RateBucket } from '../../shared/rate-bucket.ts';

/** A peer that has something to send. */
export interface WaitingUpload {
  /** It may send one block now. */
  onTurn(): void;
}

export class UploadTurns {
  readonly #bucket: RateBucket | null;
  readonly #clock: Clock;
  readonly #later: (ms: number, work: () => void) => void;
  readonly #waiting: WaitingUpload[] = [];
  #isTicking = false;
  /** Whose turn it is. */
  #current: WaitingUpload | null = null;

  /** `bucket`: null if there is no limit. `clock`: the time that all threads share, milliseconds. */
  constructor(bucket: RateBucket | null, clock: Clock, later: (ms: number, work: () => void) => void) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#later = later;
  }

  /** True if a block of so many bytes may be sent now. If not, `upload` waits for its turn, which it must be told only once. */
  take(upload: WaitingUpload, bytes: number): boolean {
    if (this.#bucket === null) return true;
    const mayGo = this.#waiting.length === 0 || this.#current === upload;
    if (mayGo && this.#bucket.take(bytes, this.#clock())) {
      this.#current = null;
      return true;
    }
    if (this.#current === upload) this.#waiting.unshift(upload);
    else this.#waiting.push(upload);
    this.#current = null;
    this.#tickLater();
    return false;
  }

  /** What was taken for a block that is not sent now. */
  giveBack(bytes: number): void {
    this.#bucket?.spend(-bytes);
  }

  /** It has nothing to send any more. */
  leave(upload: WaitingUpload): void {
    const at = this.#waiting.indexOf(upload);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #tickLater(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#later(RATE_TURN_MS, () => {
      this.#isTicking = false;
      this.#tick();
    });
  }

  #tick(): void {
    while (this.#bucket?.mayTake(this.#clock()) === true) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#current = next;
      next.onTurn();
      this.#current = null;
    }
    if (this.#waiting.length > 0) this.#tickLater();
  }
}
