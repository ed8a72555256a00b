/**
 * One tier of trackers over the whole run (BEP 12): one is asked after the other, each with a head start, until one answers, which
 * then stays in front. A tracker that failed is left alone for as long as it said, or for longer each time.
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
  /** When it may be asked next. */
  notBefore: number;
  /** The same as far as the tracker itself said so. */
  toldNotBefore: number;
  /** When it was asked last. */
  askedAt: number;
  /** It failed for a reason that hardly passes. */
  lasting: boolean;
  /** It has answered, and expects to hear of our end. */
  knowsUs: boolean;
  /** To be sent back to it. */
  trackerId: Uint8Array | null;
}

export interface TierOptions {
  readonly trackers: readonly TierTracker[];
  /** Infinity: one at a time, the next only when one has failed (BEP 27). */
  readonly headStartMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly later: Later;
  /** Rejects with TrackerError; as it likes where the run is over, or where the round was over before its turn came. */
  readonly ask: (tracker: TierTracker, event: AnnounceEvent, over: AbortSignal) => Promise<AnnounceReply>;
  readonly onAnswer: (tracker: TierTracker, reply: AnnounceReply) => void;
  /** `nextTryMs`: when one of the tier is asked again, where this was the last hope of a round; else null. */
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

  /** An answer is awaited. */
  get asking(): boolean {
    return this.#rounds > 0;
  }

  /** An answer may come, now or at a later try. */
  get hopeful(): boolean {
    return this.asking || this.#trackers.some(({ lasting }) => !lasting);
  }

  /** Asks now, and from then on again and again. */
  async round(): Promise<void> {
    this.#cancelNext();
    const due = this.#trackers.filter(({ notBefore }) => notBefore <= this.#options.now());
    if (due.length === 0) return this.roundAt(this.#nextTry());
    this.#rounds += 1;
    const answer = await this.#firstAnswer(due);
    this.#rounds -= 1;
    this.#hasFailed = answer === null;
    if (answer === null) return this.roundAt(this.#nextTry());
    this.#trackers = [answer, ...this.#trackers.filter((other) => other !== answer)];
    this.roundAt(answer.notBefore);
  }

  /** Asks at that time, or at once where it is over. */
  roundAt(at: number): void {
    if (this.#ended || at === Number.POSITIVE_INFINITY) return;
    this.#cancelNext();
    const waitMs = Math.max(0, at - this.#options.now());
    this.#cancelNext = this.#options.later(waitMs, () => void this.round());
  }

  /** The waits of a failed tier were those of the network, which is back. What trackers said themselves holds. */
  networkBack(): void {
    if (!this.#hasFailed || this.asking || this.#ended) return;
    for (const tracker of this.#trackers) {
      const { notBefore, toldNotBefore, askedAt } = tracker;
      tracker.failures = 0;
      tracker.notBefore = Math.min(notBefore, Math.max(toldNotBefore, askedAt + ANNOUNCE_RETRY_MS));
    }
    this.roundAt(this.#nextTry());
  }

  /** Nothing is asked any more of its own accord. */
  end(): void {
    this.#ended = true;
    this.#cancelNext();
    this.#round?.abort();
  }

  /** The first tracker that answers; null where none does. Then nobody waits for a turn any more. */
  #firstAnswer(due: readonly TierTracker[]): Promise<TierTracker | null> {
    let left = due.length;
    const { headStartMs, later } = this.#options;
    const round = new AbortController();
    // One listener for each that waits for its turn.
    setMaxListeners(0, round.signal);
    this.#round = round;
    const answer = staggered(due, headStartMs, later, async (tracker) => {
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

  /** Null where only what hardly passes is in the way: that is tried again, and nobody should wait for it. */
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

function accept(tracker: TierTracker, { intervalMs, trackerId }: AnnounceReply, now: number): void {
  const notBefore = now + intervalMs;
  Object.assign(tracker, { failures: 0, notBefore, toldNotBefore: notBefore, lasting: false, knowsUs: true });
  tracker.trackerId = trackerId ?? tracker.trackerId;
}

/** As long as the tracker said, and longer each time it fails again: what it says may be the same each time. */
function postpone(tracker: TierTracker, { retryMs, lasting }: TrackerError, now: number): void {
  const first = retryMs === null ? ANNOUNCE_RETRY_MS : TOLD_ANNOUNCE_RETRY_MS;
  const own = Math.min(first * 2 ** tracker.failures, MAX_ANNOUNCE_INTERVAL_MS);
  tracker.failures += 1;
  tracker.lasting = lasting;
  tracker.toldNotBefore = now + (retryMs ?? 0);
  tracker.notBefore = now + Math.max(own, retryMs ?? 0);
}
