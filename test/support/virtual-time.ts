/** Virtual time: the test advances it, timers run in order, minutes take no time, and the same run always gives the same result. */
interface Timer {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

export class VirtualTime {
  #now = 0;
  #order = 0;
  /** A binary heap: the next timer is first. */
  readonly #timers: Timer[] = [];

  readonly now = (): number => this.#now;

  readonly after = (ms: number, work: () => void): void => {
    this.#push({ at: this.#now + ms, order: this.#order++, work });
  };

  /** At a moment of the virtual clock, or as soon as possible after it. */
  readonly at = (moment: number, work: () => void): void => {
    this.#push({ at: Math.max(moment, this.#now), order: this.#order++, work });
  };

  readonly soon = (work: () => void): void => this.after(0, work);

  every(ms: number, work: () => void): void {
    this.after(ms, () => {
      work();
      this.every(ms, work);
    });
  }

  /** The process is stopped: time passes, and everything that was due happens at its end, in order. */
  suspend(ms: number): void {
    this.#now += ms;
  }

  /** Runs everything that is due up to `ms` from now. */
  run(ms: number): void {
    const end = this.#now + ms;
    while (this.next(end));
    this.#now = end;
  }

  /** Runs the next timer that is due before `end`; false if there is none. */
  next(end: number): boolean {
    const due = this.#timers[0];
    if (due === undefined || due.at > end) return false;
    this.#pop();
    this.#now = Math.max(this.#now, due.at);
    due.work();
    return true;
  }

  #push(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, timers[parent] as Timer)) break;
      timers[at] = timers[parent] as Timer;
      at = parent;
    }
    timers[at] = timer;
  }

  #pop(): void {
    const timers = this.#timers;
    const last = timers.pop() as Timer;
    if (timers.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      const right = timers[child + 1];
      if (right !== undefined && isBefore(right, timers[child] as Timer)) child += 1;
      if (!isBefore(timers[child] as Timer, last)) break;
      timers[at] = timers[child] as Timer;
      at = child;
    }
    timers[at] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
