/**
 * The event loop of a simulated process: virtual time, and after everything that main code may have begun, the promises that
 * follow from it. Timers of the main thread are counted, so that a test sees what is left of them.
 */
import type { MainWorld } from '../../src/main/main-world.ts';
import { type Later, LivedTimer } from '../../src/shared/lived-timer.ts';
import type { Roll } from './personas.ts';
import { VirtualTime } from './virtual-time.ts';

/** Real clocks do not begin at zero either. */
export const EPOCH_MS = 10_000_000;

export class VirtualLoop {
  readonly time = new VirtualTime();
  readonly #timers = new Set<() => void>();
  #isTouched = false;

  readonly now = (): number => EPOCH_MS + this.time.now();

  /** Promises may follow from what happens at this moment. */
  touch(): void {
    this.#isTouched = true;
  }

  /** Timers of the main thread that have not gone off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** In plain time. */
  readonly plainLater: Later = (ms, work) => {
    const cancel = (): void => void this.#timers.delete(cancel);
    this.#timers.add(cancel);
    this.time.after(Math.max(ms, 0), () => {
      if (!this.#timers.delete(cancel)) return;
      this.#isTouched = true;
      work();
    });
    return cancel;
  };

  readonly later: Later = (ms, work) => {
    const timer = new LivedTimer(ms, work, this.now, this.plainLater);
    return () => timer.cancel();
  };

  readonly every = (ms: number, work: () => void): (() => void) => {
    let cancel = (): void => {};
    const next = (): void => {
      cancel = this.plainLater(ms, () => {
        next();
        work();
      });
    };
    next();
    return () => cancel();
  };

  readonly soon = (work: () => void): void => void this.plainLater(0, work);

  /** Runs until `isOver` says so after work of main, nothing is left to do, or `end` comes, in milliseconds of the run. */
  async run(end: number, isOver: () => boolean = () => false): Promise<void> {
    await turn();
    if (isOver()) return;
    while (this.time.next(end)) {
      if (!this.#isTouched) continue;
      this.#isTouched = false;
      await turn();
      if (isOver()) return;
    }
  }

  /** What code of the main thread gets. */
  world(roll: Roll, ownAddresses: () => readonly string[]): MainWorld {
    const { now, later, every, soon } = this;
    return { now, later, every, soon, random: () => roll(1_000_003) / 1_000_003, ownAddresses };
  }
}

/** All promises that can go on have done so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
