/**
 * The queue for the announces of all torrents of a session. It limits how many are in progress in total and at one host, and
 * how many start at one host per second. A tracker that failed gets one announce at a time until it answers again. An announce
 * with a free place starts at once, within the call.
 */
import type { Clock } from '../../shared/clock.ts';
import {
  ANNOUNCES_PER_HOST_PER_S,
  MAX_ANNOUNCES,
  MAX_ANNOUNCES_PER_HOST,
  MAX_FAILED_TRACKERS,
} from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { compareNeeds, type Need } from './need.ts';
import { RateLimit } from './rate-limit.ts';
import { hostnameOf } from './tracker-bounds.ts';

export interface Turn {
  readonly url: string;
  readonly need: Need;
  /** `completed` or `stopped`: it is not limited by the rate, because nothing follows it. */
  readonly isLast: boolean;
  /** Removes an announce that still waits. An announce in progress goes on. */
  readonly withdrawn: AbortSignal;
}

/** The announce was removed from the queue before it started. */
export class Withdrawn extends Error {
  override readonly name = 'Withdrawn';
}

interface Host {
  underWay: number;
  readonly rate: RateLimit;
  /** In the order in which they start. */
  readonly waiting: Waiting[];
  /** Cancels the check that runs when the rate allows the next announce. */
  cancelLook: (() => void) | null;
}

interface Tracker {
  underWay: number;
  hasFailed: boolean;
}

interface Waiting {
  readonly turn: Turn;
  /** Of two equal ones, the earlier one goes first. */
  readonly order: number;
  readonly begin: () => void;
}

export class AnnounceQueue {
  readonly #now: Clock;
  readonly #later: Later;
  #underWay = 0;
  #order = 0;
  /** Hosts with announces that wait, are in progress, or were so a moment ago. */
  readonly #hosts = new Map<string, Host>();
  /** By URL: trackers with an announce in progress, and trackers that failed last time. Ordered by the last announce. */
  readonly #trackers = new Map<string, Tracker>();

  constructor(now: Clock, later: Later) {
    this.#now = now;
    this.#later = later;
  }

  /** How many announces are in progress, and how many wait. */
  get counts(): { readonly underWay: number; readonly waiting: number } {
    const waiting = [...this.#hosts.values()].reduce((sum, host) => sum + host.waiting.length, 0);
    return { underWay: this.#underWay, waiting };
  }

  /** Does the work when it is its turn. Rejects if the work rejects, or with Withdrawn. */
  run<Result>(turn: Turn, work: () => Promise<Result>): Promise<Result> {
    if (turn.withdrawn.aborted) return Promise.reject(new Withdrawn('given up'));
    const host = this.#hostOf(turn.url);
    if (this.#underWay < MAX_ANNOUNCES && this.#mayBegin(turn, host)) return this.#begin(turn, host, work);
    return new Promise((resolve, reject) => {
      const withdraw = (): void => {
        host.waiting.splice(host.waiting.indexOf(waiting), 1);
        if (host.waiting.length === 0) this.#look();
        reject(new Withdrawn('given up'));
      };
      const begin = (): void => {
        turn.withdrawn.removeEventListener('abort', withdraw);
        this.#begin(turn, host, work).then(resolve, reject);
      };
      const waiting: Waiting = { turn, order: this.#order++, begin };
      turn.withdrawn.addEventListener('abort', withdraw, { once: true });
      const before = host.waiting.findLastIndex((other) => isBefore(other, waiting));
      host.waiting.splice(before + 1, 0, waiting);
      this.#look();
    });
  }

  async #begin<Result>(turn: Turn, host: Host, work: () => Promise<Result>): Promise<Result> {
    const tracker = this.#trackers.get(turn.url) ?? { underWay: 0, hasFailed: false };
    this.#trackers.delete(turn.url);
    this.#trackers.set(turn.url, tracker);
    this.#count(host, tracker, 1);
    host.rate.take(this.#now());
    try {
      const result = await work();
      tracker.hasFailed = false;
      return result;
    } catch (error) {
      tracker.hasFailed = true;
      throw error;
    } finally {
      this.#count(host, tracker, -1);
      this.#look();
    }
  }

  #count(host: Host, tracker: Tracker, change: 1 | -1): void {
    this.#underWay += change;
    host.underWay += change;
    tracker.underWay += change;
  }

  /** Starts every announce that has a free place. */
  #look(): void {
    this.#forget();
    while (this.#underWay < MAX_ANNOUNCES) {
      let best: { readonly host: Host; readonly waiting: Waiting } | null = null;
      for (const host of this.#hosts.values()) {
        const waiting = this.#nextAt(host);
        if (waiting !== null && (best === null || isBefore(waiting, best.waiting))) best = { host, waiting };
      }
      if (best === null) return;
      best.host.waiting.splice(best.host.waiting.indexOf(best.waiting), 1);
      best.waiting.begin();
    }
  }

  /** The first announce of the host that may start. If only the rate delays it, checks again when the rate allows it. */
  #nextAt(host: Host): Waiting | null {
    host.cancelLook?.();
    host.cancelLook = null;
    if (host.underWay >= MAX_ANNOUNCES_PER_HOST) return null;
    const next = host.waiting.find(({ turn }) => !this.#isTaken(turn.url));
    if (next === undefined || this.#mayBegin(next.turn, host)) return next ?? null;
    host.cancelLook = this.#later(host.rate.waitMs(this.#now()), () => this.#look());
    return null;
  }

  #mayBegin({ url, isLast }: Turn, { underWay, rate }: Host): boolean {
    if (underWay >= MAX_ANNOUNCES_PER_HOST || this.#isTaken(url)) return false;
    return isLast || rate.waitMs(this.#now()) === 0;
  }

  /** The tracker failed, and one announce is in progress to find out whether it answers again. */
  #isTaken(url: string): boolean {
    const tracker = this.#trackers.get(url);
    return tracker?.hasFailed === true && tracker.underWay > 0;
  }

  #hostOf(url: string): Host {
    const name = hostnameOf(url);
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const rate = new RateLimit(ANNOUNCES_PER_HOST_PER_S, this.#now());
    const host: Host = { underWay: 0, rate, waiting: [], cancelLook: null };
    this.#hosts.set(name, host);
    return host;
  }

  /** Forgets hosts whose allowance is whole again, trackers that did not fail, and beyond a limit the oldest failed ones. */
  #forget(): void {
    const now = this.#now();
    for (const [name, { underWay, waiting, rate, cancelLook }] of this.#hosts) {
      if (underWay > 0 || waiting.length > 0 || !rate.isWhole(now)) continue;
      cancelLook?.();
      this.#hosts.delete(name);
    }
    let tooMany = this.#trackers.size - MAX_FAILED_TRACKERS;
    for (const [url, { underWay, hasFailed }] of this.#trackers)
      if (underWay === 0 && (!hasFailed || tooMany-- > 0)) this.#trackers.delete(url);
  }
}

/** `completed` and `stopped` go first: they have little time. */
function isBefore(one: Waiting, other: Waiting): boolean {
  if (one.turn.isLast !== other.turn.isLast) return one.turn.isLast;
  const byNeed = compareNeeds(one.turn.need, other.turn.need);
  return byNeed === 0 ? one.order < other.order : byNeed < 0;
}
