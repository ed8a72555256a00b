/**
 * Turns by time: each line of work has had some of the threads' time, and the one that has had least for its weight goes next. So
 * neither a long backlog nor a slow disk of one line holds up another. Pure: the time comes from outside.
 */

export interface TurnTaker {
  /** It has a task for a thread. */
  readonly waits: boolean;
}

/** What a line has had. */
interface Account {
  /** Divided by its weight. */
  spentMs: number;
  /** Tasks that threads are at, and the sum of the moments when they began: their time counts while it passes. */
  atWork: number;
  begunMs: number;
}

export class StorageTurns<Line extends TurnTaker> {
  readonly #weightOf: (line: Line) => number;
  readonly #accounts = new Map<Line, Account>();
  /** Those that may have a task. The one that had its turn goes to the end: among equals the others come first. */
  readonly #waiting = new Set<Line>();
  /** What the last one had had when its turn came. */
  #level = 0;

  /** Of two lines that have work all the time, one with twice the weight gets twice the time. */
  constructor(weightOf: (line: Line) => number) {
    this.#weightOf = weightOf;
  }

  /** One of the lines has a task for a thread. */
  get waits(): boolean {
    for (const line of this.#waiting) {
      if (line.waits) return true;
      this.#waiting.delete(line);
    }
    return false;
  }

  /** The line has work. Time in which it had none gives it no claim to more than the others. */
  join(line: Line, now: number): void {
    if (this.#waiting.has(line)) return;
    this.#waiting.add(line);
    const account = this.#accounts.get(line) ?? { spentMs: 0, atWork: 0, begunMs: 0 };
    this.#accounts.set(line, account);
    account.spentMs += Math.max(0, this.#level - this.#spentBy(line, account, now));
  }

  /** The line whose turn it is, to be given a thread at `now`; null where none has work. */
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

  /** The task that the line was given at `begun` is over. */
  ended(line: Line, begun: number, now: number): void {
    const account = this.#accounts.get(line);
    if (account === undefined) return;
    account.atWork -= 1;
    account.begunMs -= begun;
    account.spentMs += (now - begun) / this.#weightOf(line);
  }

  /** The line is over: nothing of it is kept. */
  leave(line: Line): void {
    this.#accounts.delete(line);
    this.#waiting.delete(line);
  }

  #spentBy(line: Line, { spentMs, atWork, begunMs }: Account, now: number): number {
    return spentMs + (atWork * now - begunMs) / this.#weightOf(line);
  }
}
