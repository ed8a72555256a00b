/**
 * Within an upload limit, the peers of a shard take turns: one block each. Without a limit nobody waits. One for all torrents of
 * the shard.
 */
import type { Clock } from '../../shared/clock.ts';
import type { RateBucket } from '../../shared/rate-bucket.ts';
import { RateTicks } from '../../shared/rate-ticks.ts';

/** A peer that has something to send. */
export interface WaitingUpload {
  /** It may send one block now. */
  onTurn(): void;
}

export class UploadTurns {
  readonly #bucket: RateBucket | null;
  readonly #clock: Clock;
  readonly #waiting: WaitingUpload[] = [];
  readonly #ticks: RateTicks;
  /** Whose turn it is. */
  #current: WaitingUpload | null = null;

  /** `bucket`: null if there is no limit. `clock`: the time that all threads share, milliseconds. */
  constructor(bucket: RateBucket | null, clock: Clock, later: (ms: number, work: () => void) => void) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#ticks = new RateTicks(later, () => this.#tick());
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
    this.#ticks.begin();
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

  #tick(): boolean {
    while (this.#bucket?.mayTake(this.#clock()) === true) {
      const next = this.#waiting.shift();
      if (next === undefined) return false;
      this.#current = next;
      next.onTurn();
      this.#current = null;
    }
    return this.#waiting.length > 0;
  }
}
