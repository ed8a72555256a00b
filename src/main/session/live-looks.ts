/** When the torrents of a session are looked at: several times a second, and less and less often while nothing listens and no data can come. */
import type { Clock } from '../../shared/clock.ts';
import { IDLE_LOOK_MS, LIVE_PROGRESS_MS } from '../../shared/limits.ts';
import { LivedClock } from '../../shared/lived-clock.ts';
import type { MainWorld } from '../main-world.ts';

/** A run of a torrent. */
export interface LookedAt {
  /** Nothing listens, and no peer or web seed is at work. */
  readonly isIdle: boolean;
  look(): void;
}

/** Milliseconds. */
interface Pace {
  /** Until the next look. */
  left: number;
  /** From the last look to the next. */
  wait: number;
}

/** One timer for all of them: a thousand torrents that wait must not cost a core. */
export class LiveLooks {
  /** Lived time. It is read at each turn of the timer, so a run may be looked at less often. */
  readonly clock: Clock;
  readonly #every: MainWorld['every'];
  readonly #paces = new Map<LookedAt, Pace>();
  #end: (() => void) | null = null;

  constructor({ every, now }: Pick<MainWorld, 'every' | 'now'>) {
    this.clock = new LivedClock(now).now;
    this.#every = every;
  }

  /** Returns how the looks at `run` end. */
  begin(run: LookedAt): () => void {
    this.#paces.set(run, { left: LIVE_PROGRESS_MS, wait: LIVE_PROGRESS_MS });
    this.#end ??= this.#every(LIVE_PROGRESS_MS, () => this.#look());
    return () => {
      this.#paces.delete(run);
      if (this.#paces.size > 0) return;
      this.#end?.();
      this.#end = null;
    };
  }

  #look(): void {
    this.clock();
    for (const [run, pace] of this.#paces) {
      pace.left -= LIVE_PROGRESS_MS;
      if (pace.left > 0) continue;
      run.look();
      // What has just become idle may end in a moment, for want of peers.
      pace.wait = run.isIdle ? Math.min(2 * pace.wait, IDLE_LOOK_MS) : LIVE_PROGRESS_MS;
      pace.left = pace.wait;
    }
  }
}
