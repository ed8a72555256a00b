/**
 * Turns by time. Each line of work has used some of the threads' time. The line with the least time for its weight goes next, so
 * a long backlog or a slow disk of one line does not delay the others. Pure: the time comes from outside.
 */

export interface TurnTaker {
  /** True if it has a task for a thread. */
  readonly waits: boolean;
}

/** The time that a line has used. */
interface Account {
  /** Divided by its weight. */
  spentMs: number;
  /** Tasks in progress, and the sum of their start times: their time counts while it passes. */
  atWork: number;
  begunMs: number;
}

export class StorageTurns<Line extends TurnTaker> {
  readonly #weightOf: (line: Line) => number;
  readonly #accounts = new Map<Line, Account>();
  /** The lines that may have a task. The one that had a turn goes to the end, so that among equals the others come first. */
  readonly #waiting = new Set<Line>();
  /** The time that the last line had used when its turn came. */
  #level = 0;

  /** If two lines always have work, the one with twice the weight gets twice the time. */
  constructor(weightOf: (line: Line) => number) {
    this.#weightOf = weightOf;
  }

  /** True if one of the lines has a task for a thread. */
  get waits(): boolean {
    for (const line of this.#waiting) {
      if (line.waits) return true;
      this.#waiting.delete(line);
    }
    return false;
  }

  /** The line has work. Time without work does not give it a right to more time than the others. */
  join(line: Line, now: number): void {
    if (this.#waiting.has(line)) return;
    this.#waiting.add(line);
    const account = this.#accounts.get(line) ?? { spentMs: 0, atWork: 0, begunMs: 0 };
    this.#accounts.set(line, account);
    account.spentMs += Math.max(0, this.#level - this.#spentBy(line, account, now));
  }

  /** The line that gets a thread at `now`; null if none has work. */
  next(now: number): Line | null {
    let chosen: Line | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const line of this.#waiting) {
      if (!line.waits) {
        this.#waiting.delete(line);
        continue;
      }
      const account = this.#accounts.get(line) as Account;
      const spent = this.#spentBy(line, account, now);
      if (spent >= least) continue;
      [chosen, least] = [line, spent];
    }
    if (chosen === null) return null;
    this.#level = Math.max(this.#level, least);
    this.#waiting.delete(chosen);
    this.#waiting.add(chosen);
    const account = this.#accounts.get(chosen) as Account;
    account.atWork += 1;
    account.begunMs += now;
    return chosen;
  }

  /** The line's task that started at `begun` has ended. */
  ended(line: Line, begun: number, now: number): void {
    const account = this.#accounts.get(line);
    if (account === undefined) return;
    account.atWork -= 1;
    account.begunMs -= begun;
    account.spentMs += (now - begun) / this.#weightOf(line);
  }

  /** The line has ended: nothing of it is kept. */
  leave(line: Line): void {
    this.#accounts.delete(line);
    this.#waiting.delete(line);
  }

  #spentBy(line: Line, { spentMs, atWork, begunMs }: Account, now: number): number {
    return spentMs + (atWork * now - begunMs) / this.#weightOf(line);
  }
}
