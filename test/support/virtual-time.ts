/** Time that passes when told: timers run in order, minutes take no time, and the same run is the same every time. */
interface Timer {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
}

export class VirtualTime {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];

  readonly now = (): number => this.#now;

  readonly after = (ms: number, work: () => void): void => {
    this.#timers.push({ at: this.#now + ms, order: this.#order++, work });
  };

  readonly soon = (work: () => void): void => this.after(0, work);

  every(ms: number, work: () => void): void {
    this.after(ms, () => {
      work();
      this.every(ms, work);
    });
  }

  /** Runs everything that is due up to `ms` from now. */
  run(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.#now = Math.max(this.#now, due.at);
      due.work();
    }
    this.#now = end;
  }
}
