/**
 * Virtual time for code that uses the global timers: our own and that of libraries. `mock.timers` of node:test does the same, but
 * prints a warning on Node 20, where it is experimental.
 */

interface Entry {
  readonly work: () => void;
  readonly everyMs: number | null;
  due: number;
}

/** The parts of `NodeJS.Timeout` that callers use. */
class Handle {
  readonly entry: Entry;

  constructor(entry: Entry) {
    this.entry = entry;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export class GlobalTimers {
  readonly #real = { setTimeout, clearTimeout, setInterval, clearInterval };
  readonly #entries = new Set<Entry>();
  #now = 0;

  /** Real timers that are already running stay real. */
  constructor() {
    const clear = (handle: Handle | NodeJS.Timeout | undefined): void => {
      if (handle instanceof Handle) this.#entries.delete(handle.entry);
      else this.#real.clearTimeout(handle);
    };
    Object.assign(globalThis, {
      setTimeout: (work: () => void, ms = 0) => this.#add(work, ms, null),
      setInterval: (work: () => void, ms = 1) => this.#add(work, ms, ms),
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Runs everything that is due in the next `ms`, in order. */
  tick(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      if (next.everyMs === null) this.#entries.delete(next);
      else next.due += next.everyMs;
      next.work();
    }
    this.#now = end;
  }

  restore(): void {
    Object.assign(globalThis, this.#real);
  }

  #add(work: () => void, ms: number, everyMs: number | null): Handle {
    const entry = { work, everyMs, due: this.#now + Math.max(1, ms) };
    this.#entries.add(entry);
    return new Handle(entry);
  }

  /** Among several with the same time, the one that was set first. */
  #next(end: number): Entry | null {
    let first: Entry | null = null;
    for (const entry of this.#entries)
      if (entry.due <= end && (first === null || entry.due < first.due)) first = entry;
    return first;
  }
}
