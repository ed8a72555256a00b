/**
 * The delayed work of all torrents, with one timer: a thousand idle torrents cost no more than one. The next entry is the first
 * in a binary heap. Each entry knows its place in the heap, so a cancelled entry is removed at once.
 */
import type { Clock } from '../../shared/clock.ts';
import { MAX_TIMER_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';

interface Entry {
  readonly at: number;
  /** Of two entries for the same time, the earlier one goes first. */
  readonly order: number;
  readonly work: () => void;
  place: number;
}

export class Timetable {
  readonly #now: Clock;
  readonly #later: Later;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timer: { readonly at: number; readonly cancel: () => void } | null = null;

  constructor(now: Clock, later: Later) {
    this.#now = now;
    this.#later = later;
  }

  /** How many entries wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Does the work once, after `ms`. Returns a function that cancels it. */
  readonly later: Later = (ms, work) => {
    const entry = { at: this.#now() + ms, order: this.#order++, work, place: this.#heap.length };
    this.#heap.push(entry);
    this.#rise(entry);
    this.#wait();
    return () => {
      if (this.#heap[entry.place] !== entry) return;
      this.#remove(entry);
      this.#wait();
    };
  };

  #wait(): void {
    const [next] = this.#heap;
    if (next?.at === this.#timer?.at) return;
    this.#timer?.cancel();
    const waitMs = next === undefined ? 0 : Math.min(Math.max(0, next.at - this.#now()), MAX_TIMER_MS);
    this.#timer =
      next === undefined ? null : { at: next.at, cancel: this.#later(waitMs, () => this.#look()) };
  }

  /** A timer may be a fraction of a millisecond early. Entries that are not due yet wait for the next timer. */
  #look(): void {
    this.#timer = null;
    const now = this.#now();
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      this.#remove(next);
      next.work();
    }
    this.#wait();
  }

  #remove(entry: Entry): void {
    const last = this.#heap.pop() as Entry;
    if (last === entry) return;
    this.#put(last, entry.place);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: Entry): void {
    while (entry.place > 0) {
      const parent = this.#heap[(entry.place - 1) >> 1] as Entry;
      if (!isBefore(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, entry)) return;
      this.#swap(child, entry);
    }
  }

  #swap(one: Entry, other: Entry): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
