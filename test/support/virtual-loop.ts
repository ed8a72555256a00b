/** Virtual time for code with promises: after everything that code of a main thread may have begun, the promises that follow from it. */
import { VirtualTime } from './virtual-time.ts';

/** Real clocks do not start at zero either. */
export const EPOCH_MS = 10_000_000;

export class VirtualLoop {
  readonly time = new VirtualTime();
  #isTouched = false;

  readonly now = (): number => EPOCH_MS + this.time.now();

  /** Promises may follow from this moment. */
  touch(): void {
    this.#isTouched = true;
  }

  /** Does the work in `ms`, and then what promises follow from it. */
  after(ms: number, work: () => void): void {
    this.time.after(ms, () => {
      this.#isTouched = true;
      work();
    });
  }

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
}

/** Resolves when all promises that can settle have settled. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
