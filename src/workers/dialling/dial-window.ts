/**
 * How many addresses may be dialled now, and how long a dial may take without an answer. Arithmetic over an injected clock; it
 * dials nothing itself.
 */
import {
  CONNECT_TIMEOUT_HASTY_MS,
  CONNECT_TIMEOUT_MS,
  DIAL_BACKOFF_MAX_MS,
  DIAL_BACKOFF_MS,
  DIALS_PER_TURN,
  REDIAL_SHARE_PERCENT,
} from '../../shared/limits.ts';
import type { ShardShare } from '../../shared/messages.ts';
import { DialRate } from './dial-rate.ts';

export class DialWindow {
  readonly #share: ShardShare;
  readonly #rate: DialRate;
  readonly #redials: DialRate;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #pauseMs = DIAL_BACKOFF_MS;
  #shortages = 0;

  constructor(share: ShardShare, now: number) {
    this.#share = share;
    this.#rate = new DialRate(share.dialRatePerS, now);
    this.#redials = new DialRate((share.dialRatePerS * REDIAL_SHARE_PERCENT) / 100, now);
  }

  get shortages(): number {
    return this.#shortages;
  }

  /** How many dials are allowed in this turn, given the shard's dials in progress and its open sockets (which include them). */
  allowance(dialing: number, open: number, now: number): number {
    if (now < this.#pausedUntil) return 0;
    const places = Math.min(this.#share.halfOpen - dialing, this.#share.openPeers - open);
    return Math.floor(Math.max(0, Math.min(DIALS_PER_TURN, places, this.#rate.available(now))));
  }

  /** If only places are missing: how many dials the rate would allow in this turn. */
  missingPlaces(dialing: number, open: number, now: number): number {
    if (now < this.#pausedUntil || this.allowance(dialing, open, now) > 0) return 0;
    return Math.min(DIALS_PER_TURN, Math.floor(this.#rate.available(now)));
  }

  /** True if a lost peer may be dialled within the share for lost peers. */
  mayRedial(now: number): boolean {
    return this.#redials.available(now) >= 1;
  }

  /** Milliseconds until the dial rate allows the dials of one turn; 0 if it allows them now. */
  waitMs(now: number): number {
    return this.#rate.waitMs(DIALS_PER_TURN, now);
  }

  /** A dial was made. */
  spend(): void {
    this.#rate.spend();
  }

  /** A lost peer was dialled. */
  spendRedial(): void {
    this.#rate.spend();
    this.#redials.spend();
  }

  /** The machine ran out of descriptors or ports: pauses, longer each time until a dial is answered. */
  shortage(now: number): void {
    if (now < this.#pausedUntil) return;
    this.#shortages += 1;
    this.#pausedUntil = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, DIAL_BACKOFF_MAX_MS);
  }

  /** A dial was answered, so sockets are available again. */
  answered(): void {
    this.#pauseMs = DIAL_BACKOFF_MS;
  }

  /**
   * The long time-out while no address waits. The more addresses wait, in multiples of the window, the shorter it gets, down to
   * the hasty time-out: a dead address must not keep a live one from its place.
   */
  connectTimeoutMs(waiting: number): number {
    const window = Math.min(this.#share.halfOpen, this.#share.openPeers);
    if (waiting === 0 || window === Number.POSITIVE_INFINITY) return CONNECT_TIMEOUT_MS;
    return Math.max(CONNECT_TIMEOUT_HASTY_MS, CONNECT_TIMEOUT_MS / (1 + (4 * waiting) / window));
  }

  /** True if an address waits and only the number of open sockets prevents its dial. */
  slotNeeded(waiting: number, open: number): boolean {
    return waiting > 0 && open >= this.#share.openPeers;
  }
}
