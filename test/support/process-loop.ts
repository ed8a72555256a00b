/**
 * The event loop of one simulated process. Timers of its main thread are counted, so that a test sees what is left of them. Once
 * the process is killed, nothing of it goes off any more.
 */
import type { MainWorld } from '../../src/main/main-world.ts';
import { type Later, LivedTimer } from '../../src/shared/lived-timer.ts';
import type { VirtualLoop } from './virtual-loop.ts';

export class ProcessLoop {
  readonly loop: VirtualLoop;
  readonly now: () => number;
  readonly #timers = new Set<() => void>();
  #isDead = false;

  constructor(loop: VirtualLoop) {
    this.loop = loop;
    this.now = loop.now;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
  }

  /** Timers of the main thread that have not gone off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** What happens to the main thread in `ms`. It is no timer of its own. */
  readonly after = (ms: number, work: () => void): void =>
    this.loop.time.after(ms, () => {
      if (this.#isDead) return;
      this.loop.touch();
      work();
    });

  /** What another thread does at a moment of virtual time. Promises of the main thread do not follow from it. */
  at(moment: number, work: () => void): void {
    this.loop.time.at(moment, () => {
      if (!this.#isDead) work();
    });
  }

  /** In plain time. */
  readonly plainLater: Later = (ms, work) => {
    const cancel = (): void => void this.#timers.delete(cancel);
    this.#timers.add(cancel);
    this.after(Math.max(ms, 0), () => {
      if (this.#timers.delete(cancel)) work();
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

  /** What code of the main thread gets of time. */
  get clocks(): Pick<MainWorld, 'now' | 'later' | 'every' | 'meanwhile' | 'soon'> {
    const { now, later, every, soon } = this;
    return { now, later, every, meanwhile: every, soon };
  }
}
