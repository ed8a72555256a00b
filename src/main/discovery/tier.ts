/**
 * One tier of trackers for the whole run (BEP 12). Trackers are asked one after the other, each with a head start, until one
 * answers. That one moves to the front. A failed tracker is not asked for the time that it said, and longer after each failure.
 */
import { setMaxListeners } from 'node:events';
import { ANNOUNCE_RETRY_MS, MAX_ANNOUNCE_INTERVAL_MS, TOLD_ANNOUNCE_RETRY_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import { type AnnounceEvent, type AnnounceReply, TrackerError } from './announce.ts';
import { staggered } from './staggered.ts';

export interface TierTracker {
  readonly url: string;
  /** Failures in a row. */
  failures: number;
  /** The earliest time of the next request. */
  notBefore: number;
  /** The part of that wait that stays when the network is back: what the tracker asked for. */
  toldNotBefore: number;
  /** The time of the last request. */
  askedAt: number;
  /** It failed for a reason that will probably not pass. */
  lasting: boolean;
  /** It has answered, so it gets `stopped` at the end. */
  knowsUs: boolean;
  /** Goes back to the tracker. */
  trackerId: Uint8Array | null;
}

export interface TierOptions {
  readonly trackers: readonly TierTracker[];
  /** Infinity: one tracker at a time; the next one only after a failure (BEP 27). */
  readonly headStartMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly later: Later;
  /** Rejects with TrackerError; with any error if the run, or the round before its turn, is over. */
  readonly ask: (tracker: TierTracker, event: AnnounceEvent, over: AbortSignal) => Promise<AnnounceReply>;
  readonly onAnswer: (tracker: TierTracker, reply: AnnounceReply) => void;
  /** `nextTryMs`: the time to the next try in this tier, if this was the last tracker of a round; else null. */
  readonly onFailure: (tracker: TierTracker, error: TrackerError, nextTryMs: number | null) => void;
}

export function newTracker(url: string): TierTracker {
  return {
    url,
    failures: 0,
    notBefore: 0,
    toldNotBefore: 0,
    askedAt: 0,
    lasting: false,
    knowsUs: false,
    trackerId: null,
  };
}

export class Tier {
  readonly #options: TierOptions;
  #trackers: readonly TierTracker[];
  #rounds = 0;
  #hasFailed = false;
  #lastAsked: TierTracker | null = null;
  /** The network came back during a round, which may have begun before. */
  #missed: { readonly isStranger: boolean } | null = null;
  #cancelNext = (): void => {};
  #round: AbortController | null = null;
  #ended = false;

  constructor(options: TierOptions) {
    this.#options = options;
    this.#trackers = options.trackers;
  }

  get trackers(): readonly TierTracker[] {
    return this.#trackers;
  }

  /** The one on which we rely: the last one that was asked, or that is to be asked first. */
  get current(): TierTracker | null {
    return this.#lastAsked ?? this.#trackers[0] ?? null;
  }

  /** A tracker is being asked. */
  get asking(): boolean {
    return this.#rounds > 0;
  }

  /** An answer may come, now or at a later try. */
  get hopeful(): boolean {
    return this.asking || this.#trackers.some(({ lasting }) => !lasting);
  }

  /** Asks now, and then again and again. */
  async round(): Promise<void> {
    this.#cancelNext();
    const due = this.#trackers.filter(({ notBefore }) => notBefore <= this.#options.now());
    if (due.length === 0) return this.roundAt(this.#nextTry());
    this.#rounds += 1;
    const answer = await this.#firstAnswer(due);
    this.#rounds -= 1;
    this.#hasFailed = answer === null;
    if (answer !== null) this.#trackers = [answer, ...this.#trackers.filter((other) => other !== answer)];
    this.roundAt(answer?.notBefore ?? this.#nextTry());
    const missed = this.#missed;
    if (missed !== null) this.networkBack(missed.isStranger);
  }

  /** Asks at that time, or at once if it has passed. */
  roundAt(at: number): void {
    if (this.#ended || at === Number.POSITIVE_INFINITY) return;
    this.#cancelNext();
    const waitMs = Math.max(0, at - this.#options.now());
    this.#cancelNext = this.#options.later(waitMs, () => void this.round());
  }

  /**
   * The network is back: removes the waits that grew with failures. `isStranger`: the tracker that answers as well knows us by an old
   * address, or has forgotten us. Waits that a tracker asked for stay.
   */
  networkBack(isStranger: boolean): void {
    this.#missed = this.asking ? { isStranger: isStranger || this.#missed?.isStranger === true } : null;
    if (this.asking || this.#ended || !(this.#hasFailed || isStranger)) return;
    for (const tracker of this.#trackers) {
      const { failures, notBefore, toldNotBefore, askedAt } = tracker;
      tracker.failures = 0;
      if (failures > 0)
        tracker.notBefore = Math.min(notBefore, Math.max(toldNotBefore, askedAt + ANNOUNCE_RETRY_MS));
      else if (isStranger) tracker.notBefore = Math.min(notBefore, toldNotBefore);
    }
    this.roundAt(this.#hasFailed ? this.#nextTry() : (this.#trackers[0]?.notBefore ?? 0));
  }

  /** Starts no more rounds. */
  end(): void {
    this.#ended = true;
    this.#cancelNext();
    this.#round?.abort();
  }

  /** The first tracker that answers; null if none does. After it, requests that wait for their turn are withdrawn. */
  #firstAnswer(due: readonly TierTracker[]): Promise<TierTracker | null> {
    let left = due.length;
    const { headStartMs, later } = this.#options;
    const round = new AbortController();
    // Each request that waits for its turn adds a listener.
    setMaxListeners(0, round.signal);
    this.#round = round;
    const answer = staggered(due, headStartMs, later, async (tracker) => {
      this.#lastAsked = tracker;
      tracker.askedAt = this.#options.now();
      try {
        const reply = await this.#options.ask(tracker, tracker.knowsUs ? 'none' : 'started', round.signal);
        accept(tracker, reply, this.#options.now());
        this.#options.onAnswer(tracker, reply);
        return tracker;
      } catch (error) {
        left -= 1;
        if (error instanceof TrackerError && !this.#ended) {
          postpone(tracker, error, this.#options.now());
          this.#options.onFailure(tracker, error, left > 0 ? null : this.#waitMs());
        }
        throw error;
      }
    });
    return answer
      .catch((error: unknown) => {
        if (error instanceof TrackerError || this.#ended) return null;
        throw error;
      })
      .finally(() => round.abort());
  }

  /** Null if all failures will probably not pass: we try again, but the user should not wait for it. */
  #waitMs(): number | null {
    const waitMs = this.#nextTry() - this.#options.now();
    return this.#trackers.every(({ lasting }) => lasting) && waitMs < Number.POSITIVE_INFINITY
      ? null
      : waitMs;
  }

  #nextTry(): number {
    return Math.min(...this.#trackers.map(({ notBefore }) => notBefore));
  }
}

function accept(
  tracker: TierTracker,
  { intervalMs, minIntervalMs, trackerId }: AnnounceReply,
  now: number,
): void {
  const [notBefore, toldNotBefore] = [now + intervalMs, now + minIntervalMs];
  Object.assign(tracker, { failures: 0, notBefore, toldNotBefore, lasting: false, knowsUs: true });
  tracker.trackerId = trackerId ?? tracker.trackerId;
}

/** Waits as long as the tracker said, but at least longer after each failure: a tracker may always say the same time. */
function postpone(tracker: TierTracker, { retryMs, lasting }: TrackerError, now: number): void {
  const first = retryMs === null ? ANNOUNCE_RETRY_MS : TOLD_ANNOUNCE_RETRY_MS;
  const own = Math.min(first * 2 ** tracker.failures, MAX_ANNOUNCE_INTERVAL_MS);
  tracker.failures += 1;
  tracker.lasting = lasting;
  tracker.toldNotBefore = now + (retryMs ?? 0);
  tracker.notBefore = now + Math.max(own, retryMs ?? 0);
}
