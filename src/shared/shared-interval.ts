/**
 * One timer for many works that are each done once in an interval. With a timer each, a thousand of them would wake this process
 * up hundreds of times a second; all at one time would block it.
 */

/** The works take turns at so many moments of each interval. */
const PARTS = 10;

export class SharedInterval {
  readonly #ms: number;
  /** The next one first. */
  readonly #works = new Set<() => void>();
  /** Works whose turn has come; a part of one counts. */
  #due = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Does the work once in each interval, and keeps no process alive for it. Returns how that ends. */
  begin(work: () => void): () => void {
    this.#works.add(work);
    this.#timer ??= setInterval(() => this.#turn(), this.#ms / PARTS).unref();
    return () => this.#end(work);
  }

  #turn(): void {
    this.#due += this.#works.size / PARTS;
    for (const work of this.#works) {
      if (this.#due < 1) return;
      this.#due -= 1;
      this.#works.delete(work);
      this.#works.add(work);
      work();
    }
  }

  #end(work: () => void): void {
    this.#works.delete(work);
    if (this.#works.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#due = 0;
  }
}
