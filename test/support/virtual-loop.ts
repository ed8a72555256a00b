/**
 * The event loop of a simulated process: virtual time. After each call that may start work of main, its promises settle. Timers
 * of the main thread are counted, so that a test sees which ones are left.
 */
import type { MainWorld } from '../../src/main/main-world.ts';
import { type Later, LivedTimer } from '../../src/shared/lived-timer.ts';
import type { Roll } from './personas.ts';
import { FREE_PORT } from './virtual-net.ts';
import { VirtualTime } from './virtual-time.ts';

/** Real clocks do not start at zero either. */
export const EPOCH_MS = 10_000_000;

export class VirtualLoop {
  readonly time = new VirtualTime();
  readonly #timers = new Set<() => void>();
  #isTouched = false;

  readonly now = (): number => EPOCH_MS + this.time.now();

  /** Promises may follow from this moment. */
  touch(): void {
    this.#isTouched = true;
  }

  /** Timers of the main thread that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Counts plain time, not lived time. */
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

  /** Runs until `isOver` is true after work of main, nothing is left to do, or the run has lasted `end` milliseconds. */
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

  /** The world for code of the main thread. */
  world(roll: Roll, ownAddresses: () => readonly string[]): MainWorld {
    const { now, later, every, soon } = this;
    const random = (): number => roll(1_000_003) / 1_000_003;
    const reservePort = async (port: number): Promise<number> => (port === 0 ? FREE_PORT : port);
    return { now, later, every, soon, random, ownAddresses, reservePort };
  }
}

/** Resolves when all promises that can settle have settled. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
