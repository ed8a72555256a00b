/** A set with a fast random choice: the cost does not depend on its size. */
export class Bag<T> {
  readonly #all: T[] = [];
  readonly #at = new Map<T, number>();

  get size(): number {
    return this.#all.length;
  }

  add(one: T): void {
    if (this.#at.has(one)) return;
    this.#at.set(one, this.#all.length);
    this.#all.push(one);
  }

  delete(one: T): void {
    const at = this.#at.get(one);
    if (at === undefined) return;
    this.#at.delete(one);
    const last = this.#all.pop() as T;
    if (last === one) return;
    this.#all[at] = last;
    this.#at.set(last, at);
  }

  /** `random` from 0 to 1; null if the set is empty. */
  any(random: number): T | null {
    return this.#all[Math.min(this.#all.length - 1, Math.floor(random * this.#all.length))] ?? null;
  }
}
