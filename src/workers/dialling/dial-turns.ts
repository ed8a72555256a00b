/**
 * Whose turn it is to dial: all torrents of a shard share its half-open dials, its dial rate and its sockets. A few dials are
 * made in each turn of the event loop, so that answers are read between them, and the torrents take turns.
 */
import { DIALS_PER_TURN, TICK_MS } from '../../shared/limits.ts';
import type { ShardWorld } from '../shard/shard-world.ts';
import type { DialWindow } from './dial-window.ts';
import type { Families } from './families.ts';

/** The dialler of one torrent. */
interface TurnTaker {
  /** Addresses that could be dialled now, and those of them that come before the lost ones. */
  readonly waiting: number;
  readonly newWaiting: number;
  /** It dials one address after the other, and one is under way. */
  readonly needsNoPlace: boolean;
  dialSome(most: number, now: number): number;
  withdrawRedials(most: number): number;
}

/** Of all torrents of the shard together. */
export interface SharedDials {
  readonly dialing: number;
  /** Sockets, which include the dials under way. */
  readonly open: number;
  guard(work: () => void): void;
}

const needsPlace = (taker: TurnTaker): boolean => !taker.needsNoPlace;

type Timing = Pick<ShardWorld, 'clock' | 'soon' | 'later'>;

export class DialTurns {
  readonly window: DialWindow;
  /** Null behind a proxy: it dials for us. */
  readonly families: Families | null;
  readonly #shared: SharedDials;
  readonly #timing: Timing;
  readonly #all = new Set<TurnTaker>();
  /** Those that may have something to dial, in the order of their turns. */
  readonly #takers = new Set<TurnTaker>();
  #scheduled = false;
  #deadlines: { readonly connectTimeoutMs: number; readonly slotNeeded: boolean };

  constructor(window: DialWindow, families: Families | null, shared: SharedDials, timing: Timing) {
    this.window = window;
    this.families = families;
    this.#shared = shared;
    this.#timing = timing;
    this.#deadlines = { connectTimeoutMs: window.connectTimeoutMs(0), slotNeeded: false };
  }

  /** What dials of this tick must keep to, given how many new addresses wait: lost ones hurry no peer. */
  get deadlines(): { readonly connectTimeoutMs: number; readonly slotNeeded: boolean } {
    return this.#deadlines;
  }

  enter(taker: TurnTaker): void {
    this.#all.add(taker);
  }

  /** `taker` has something to dial. */
  pump(taker: TurnTaker): void {
    this.#takers.add(taker);
    this.#schedule();
  }

  /** A dial or a socket of the shard has ended: there may be a place for any torrent. */
  freed(): void {
    if (this.#takers.size > 0) this.#schedule();
  }

  /** It is over. */
  leave(taker: TurnTaker): void {
    this.#all.delete(taker);
    this.#takers.delete(taker);
  }

  tick(): void {
    const waiting = this.#newWaiting(() => true);
    this.#deadlines = {
      connectTimeoutMs: this.window.connectTimeoutMs(waiting),
      slotNeeded: this.window.slotNeeded(waiting, this.#shared.open),
    };
    if (this.#takers.size > 0) this.#schedule();
  }

  #newWaiting(counts: (taker: TurnTaker) => boolean): number {
    let waiting = 0;
    for (const taker of this.#takers) if (counts(taker)) waiting += taker.newWaiting;
    return waiting;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#timing.soon(() => {
      this.#scheduled = false;
      this.#shared.guard(() => this.#turn());
    });
  }

  #turn(): void {
    const now = this.#timing.clock();
    this.#makePlaces(now);
    let allowed = this.window.allowance(this.#shared.dialing, this.#shared.open, now);
    const before = allowed;
    // New addresses come before lost ones, whichever torrent they are of.
    for (const isNew of [true, false])
      for (const taker of allowed > 0 ? [...this.#takers] : []) {
        if (allowed === 0) break;
        if (taker.newWaiting > 0 === isNew) allowed -= this.#dialSome(taker, allowed, now);
      }
    if (allowed < before && this.#takers.size > 0) this.#schedule();
    else if (this.#newWaiting(needsPlace) > 0) this.#turnLater(this.window.waitMs(now));
  }

  /** The turn of one torrent: the next one begins with the others. Returns how many it dialled. */
  #dialSome(taker: TurnTaker, most: number, now: number): number {
    const taken = taker.dialSome(most, now);
    if (taken > 0 || taker.waiting === 0) this.#takers.delete(taker);
    if (taken > 0 && taker.waiting > 0) this.#takers.add(taker);
    return taken;
  }

  /** New addresses wait for a place, and dials of lost peers have it: those wait again. */
  #makePlaces(now: number): void {
    const { dialing, open } = this.#shared;
    const missing = this.window.missingPlaces(dialing, open, now);
    if (missing === 0) return;
    let left = Math.min(missing, this.#newWaiting(needsPlace), DIALS_PER_TURN);
    for (const taker of this.#all) if (left > 0) left -= taker.withdrawRedials(left);
  }

  /** Only the dial rate holds the next dials back: go on when it allows a turn's worth, not at the next tick. */
  #turnLater(ms: number): void {
    if (ms === 0 || ms >= TICK_MS) return;
    this.#scheduled = true;
    this.#timing.later(ms, () => {
      this.#scheduled = false;
      this.#schedule();
    });
  }
}
