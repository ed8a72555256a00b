/**
 * The turns of all announces of a session: so many under way at one time in all and at one host, so many begun at one host in a
 * second, and one alone at a tracker that failed, until it answers again. An announce for which there is room begins at once,
 * within the call.
 */
import type { Clock } from '../../shared/clock.ts';
import {
  ANNOUNCES_PER_HOST_PER_S,
  MAX_ANNOUNCES,
  MAX_ANNOUNCES_PER_HOST,
  MAX_FAILED_TRACKERS,
} from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { Allowance } from './allowance.ts';
import { compareNeeds, type Need } from './need.ts';
import { hostnameOf } from './tracker-bounds.ts';

export interface Turn {
  readonly url: string;
  readonly need: Need;
  /** A last word: it need not keep to the rate, since nothing follows it. */
  readonly isLast: boolean;
  /** Gives up a turn that has not come yet. What is under way is not concerned. */
  readonly withdrawn: AbortSignal;
}

/** The turn of an announce did not come before it was given up. */
export class Withdrawn extends Error {
  override readonly name = 'Withdrawn';
}

interface Host {
  underWay: number;
  readonly rate: Allowance;
}

interface Tracker {
  underWay: number;
  hasFailed: boolean;
}

interface Waiting {
  readonly turn: Turn;
  readonly host: string;
  readonly begin: () => void;
}

export class AnnounceQueue {
  readonly #now: Clock;
  readonly #later: Later;
  #underWay = 0;
  /** Those where something is under way, or was a moment ago. */
  readonly #hosts = new Map<string, Host>();
  /** Those that are being asked, or failed when they were asked last; the one that was asked last is last. */
  readonly #trackers = new Map<string, Tracker>();
  /** In the order of their turns. */
  readonly #waiting: Waiting[] = [];
  #cancelLook: (() => void) | null = null;

  constructor(now: Clock, later: Later) {
    this.#now = now;
    this.#later = later;
  }

  /** How many have a turn, and how many wait for one. */
  get counts(): { readonly underWay: number; readonly waiting: number } {
    return { underWay: this.#underWay, waiting: this.#waiting.length };
  }

  /** Does the work when its turn has come. Rejects as the work does, or with Withdrawn. */
  run<Result>(turn: Turn, work: () => Promise<Result>): Promise<Result> {
    const host = hostnameOf(turn.url);
    if (turn.withdrawn.aborted) return Promise.reject(new Withdrawn('given up'));
    if (this.#blockedMs(turn, host) === 0) return this.#begin(turn, host, work);
    return new Promise((resolve, reject) => {
      const withdraw = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(new Withdrawn('given up'));
      };
      const begin = (): void => {
        turn.withdrawn.removeEventListener('abort', withdraw);
        this.#begin(turn, host, work).then(resolve, reject);
      };
      const waiting: Waiting = { turn, host, begin };
      turn.withdrawn.addEventListener('abort', withdraw, { once: true });
      const behind = this.#waiting.findLastIndex((other) => compareNeeds(other.turn.need, turn.need) <= 0);
      this.#waiting.splice(behind + 1, 0, waiting);
      this.#look();
    });
  }

  async #begin<Result>(turn: Turn, name: string, work: () => Promise<Result>): Promise<Result> {
    const now = this.#now();
    const host = this.#hosts.get(name) ?? { underWay: 0, rate: new Allowance(ANNOUNCES_PER_HOST_PER_S, now) };
    this.#hosts.set(name, host);
    const tracker = this.#trackers.get(turn.url) ?? { underWay: 0, hasFailed: false };
    this.#trackers.delete(turn.url);
    this.#trackers.set(turn.url, tracker);
    this.#count(host, tracker, 1);
    host.rate.take(now);
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

  /** Begins all whose turn it is, and looks again when the rate of a host is what keeps one waiting. */
  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#forget();
    let againMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#waiting.length && this.#underWay < MAX_ANNOUNCES; ) {
      const { turn, host, begin } = this.#waiting[at] as Waiting;
      const blockedMs = this.#blockedMs(turn, host);
      if (blockedMs > 0) {
        againMs = Math.min(againMs, blockedMs);
        at += 1;
        continue;
      }
      this.#waiting.splice(at, 1);
      begin();
    }
    if (againMs < Number.POSITIVE_INFINITY) this.#cancelLook = this.#later(againMs, () => this.#look());
  }

  /** 0: it may begin. Infinity: when another one has ended. */
  #blockedMs({ url, isLast }: Turn, host: string): number {
    const { underWay = 0, rate } = this.#hosts.get(host) ?? {};
    if (this.#underWay >= MAX_ANNOUNCES || underWay >= MAX_ANNOUNCES_PER_HOST)
      return Number.POSITIVE_INFINITY;
    const tracker = this.#trackers.get(url);
    if (tracker?.hasFailed === true && tracker.underWay > 0) return Number.POSITIVE_INFINITY;
    return isLast ? 0 : (rate?.waitMs(this.#now()) ?? 0);
  }

  /** What is as if it had never been asked need not be known; nor which of too many trackers failed. */
  #forget(): void {
    const now = this.#now();
    for (const [name, { underWay, rate }] of this.#hosts)
      if (underWay === 0 && rate.isWhole(now)) this.#hosts.delete(name);
    let tooMany = this.#trackers.size - MAX_FAILED_TRACKERS;
    for (const [url, { underWay, hasFailed }] of this.#trackers)
      if (underWay === 0 && (!hasFailed || tooMany-- > 0)) this.#trackers.delete(url);
  }
}
