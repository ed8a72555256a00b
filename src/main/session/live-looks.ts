/** When the torrents of a session are looked at: several times a second, and once a second where nothing listens and no data can come. */
import { IDLE_LOOK_MS, LIVE_PROGRESS_MS } from '../../shared/limits.ts';
import type { MainWorld } from '../main-world.ts';

/** A run of a torrent. */
interface LookedAt {
  /** Nothing listens, and no peer or web seed is at work. */
  readonly isIdle: boolean;
  look(): void;
}

/** One timer for all of them: a thousand torrents that wait must not cost a core. */
export class LiveLooks {
  readonly #every: MainWorld['every'];
  /** Milliseconds until the next look at each. */
  readonly #waits = new Map<LookedAt, number>();
  #end: (() => void) | null = null;

  constructor({ every }: Pick<MainWorld, 'every'>) {
    this.#every = every;
  }

  /** Returns how the looks at `run` end. */
  begin(run: LookedAt): () => void {
    this.#waits.set(run, LIVE_PROGRESS_MS);
    this.#end ??= this.#every(LIVE_PROGRESS_MS, () => this.#look());
    return () => {
      this.#waits.delete(run);
      if (this.#waits.size > 0) return;
      this.#end?.();
      this.#end = null;
    };
  }

  #look(): void {
    for (const [run, waitMs] of this.#waits) {
      if (waitMs > LIVE_PROGRESS_MS) {
        this.#waits.set(run, waitMs - LIVE_PROGRESS_MS);
        continue;
      }
      run.look();
      if (this.#waits.has(run)) this.#waits.set(run, run.isIdle ? IDLE_LOOK_MS : LIVE_PROGRESS_MS);
    }
  }
}
