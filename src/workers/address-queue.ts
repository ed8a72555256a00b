/** Addresses in the order of their turn; taking the first costs the same however many wait. */
import type { PeerAddress } from '../shared/messages.ts';

export class AddressQueue {
  #all: PeerAddress[] = [];
  /** Those before it have had their turn. */
  #head = 0;

  get size(): number {
    return this.#all.length - this.#head;
  }

  add(address: PeerAddress): void {
    this.#all.push(address);
  }

  addFirst(address: PeerAddress): void {
    if (this.#head > 0) this.#all[--this.#head] = address;
    else this.#all.unshift(address);
  }

  next(): PeerAddress | null {
    const address = this.#all[this.#head];
    if (address === undefined) return null;
    this.#head += 1;
    if (this.#head === this.#all.length) {
      this.#all = [];
      this.#head = 0;
    }
    return address;
  }

  /** Takes out all that match, and returns them. */
  remove(matches: (address: PeerAddress) => boolean): PeerAddress[] {
    const waiting = this.#all.slice(this.#head);
    const removed = waiting.filter(matches);
    if (removed.length === 0) return removed;
    this.#all = waiting.filter((address) => !matches(address));
    this.#head = 0;
    return removed;
  }
}
