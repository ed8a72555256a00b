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

/** All times are turns of the timer. */
interface Pace {
  readonly run: LookedAt;
  /** The turn of the next look. */
  due: number;
  /** From the last look to the next. */
  wait: number;
}

const IDLE_TURNS = IDLE_LOOK_MS / LIVE_PROGRESS_MS;

/** One timer for all of them, and a turn sees only those that are due: a thousand torrents that wait must not cost a core. */
export class LiveLooks {
  /** Lived time. It is read at each turn of the timer, so a run may be looked at less often. */
  readonly clock: Clock;
  readonly #every: MainWorld['every'];
  /** By the turn at which they are due. */
  readonly #paces = new Map<number, Set<Pace>>();
  #runs = 0;
  #turn = 0;
  #end: (() => void) | null = null;

  constructor({ every, now }: Pick<MainWorld, 'every' | 'now'>) {
    this.clock = new LivedClock(now).now;
    this.#every = every;
  }

  /** Returns how the looks at `run` end. */
  begin(run: LookedAt): () => void {
    const pace: Pace = { run, due: this.#turn + 1, wait: 1 };
    this.#add(pace);
    this.#runs += 1;
    this.#end ??= this.#every(LIVE_PROGRESS_MS, () => this.#look());
    return () => {
      if (this.#paces.get(pace.due)?.delete(pace) !== true) return;
      this.#runs -= 1;
      if (this.#runs > 0) return;
      this.#end?.();
      this.#end = null;
    };
  }

  #look(): void {
    this.clock();
    this.#turn += 1;
    const due = this.#paces.get(this.#turn);
    if (due === undefined) return;
    for (const pace of due) {
      const { run } = pace;
      run.look();
      // The look may have ended it.
      if (!due.delete(pace)) continue;
      // What has just become idle may end in a moment, for want of peers.
      pace.wait = run.isIdle ? Math.min(2 * pace.wait, IDLE_TURNS) : 1;
      pace.due = this.#turn + pace.wait;
      this.#add(pace);
    }
    this.#paces.delete(this.#turn);
  }

  #add(pace: Pace): void {
    const others = this.#paces.get(pace.due);
    if (others === undefined) this.#paces.set(pace.due, new Set([pace]));
    else others.add(pace);
  }
}
