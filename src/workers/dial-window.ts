/**
 * How many addresses may be dialled at this moment, and how long an unanswered dial may take. Arithmetic over an
 * injected clock; it dials nothing itself.
 */
import {
  CONNECT_TIMEOUT_HASTY_MS,
  CONNECT_TIMEOUT_MS,
  DIAL_BACKOFF_MAX_MS,
  DIAL_BACKOFF_MS,
  DIALS_PER_TURN,
} from '../shared/limits.ts';
import type { ShardShare } from '../shared/messages.ts';

/** The bucket of the dial rate holds this much time: by default a race starts with as many dials as may be under way at one time. */
const BURST_MS = 1_000;

export class DialWindow {
  readonly #share: ShardShare;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #pauseMs = DIAL_BACKOFF_MS;
  #shortages = 0;

  constructor(share: ShardShare, now: number) {
    this.#share = share;
    this.#capacity = Math.max(1, (share.dialRatePerS * BURST_MS) / 1_000);
    this.#tokens = this.#capacity;
    this.#filledAt = now;
  }

  get shortages(): number {
    return this.#shortages;
  }

  /** Dials allowed in this turn, given the shard's dials under way and open sockets (which include them). */
  allowance(dialing: number, open: number, now: number): number {
    if (now < this.#pausedUntil) return 0;
    return Math.floor(
      Math.max(
        0,
        Math.min(
          DIALS_PER_TURN,
          this.#share.halfOpen - dialing,
          this.#share.openPeers - open,
          this.#refilled(now),
        ),
      ),
    );
  }

  /** Milliseconds until the dial rate allows a turn's worth of dials; 0 where it allows one now. */
  waitMs(now: number): number {
    const missing = Math.min(DIALS_PER_TURN, this.#capacity) - this.#refilled(now);
    return missing <= 0 ? 0 : Math.ceil((missing * 1_000) / this.#share.dialRatePerS);
  }

  /** A dial was made. */
  spend(): void {
    this.#tokens -= 1;
  }

  /** The machine ran out of descriptors or ports: pause, longer each time until a dial gets through. */
  shortage(now: number): void {
    if (now < this.#pausedUntil) return;
    this.#shortages += 1;
    this.#pausedUntil = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, DIAL_BACKOFF_MAX_MS);
  }

  /** A dial was answered, so there are sockets to be had. */
  answered(): void {
    this.#pauseMs = DIAL_BACKOFF_MS;
  }

  /**
   * Patient while no address waits. Each window's worth of waiting addresses takes its part of the patience, down to
   * the hasty time-out: a dead address must not keep a live one from its slot.
   */
  connectTimeoutMs(waiting: number): number {
    const window = Math.min(this.#share.halfOpen, this.#share.openPeers);
    if (waiting === 0 || window === Number.POSITIVE_INFINITY) return CONNECT_TIMEOUT_MS;
    return Math.max(CONNECT_TIMEOUT_HASTY_MS, CONNECT_TIMEOUT_MS / (1 + (4 * waiting) / window));
  }

  /** True where an address waits and only the number of open sockets holds it back. */
  slotNeeded(waiting: number, open: number): boolean {
    return waiting > 0 && open >= this.#share.openPeers;
  }

  #refilled(now: number): number {
    if (this.#share.dialRatePerS === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const earned = ((now - this.#filledAt) * this.#share.dialRatePerS) / 1_000;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAt = now;
    return this.#tokens;
  }
}
