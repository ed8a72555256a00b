/**
 * Addresses in the order of their turn. The addresses of different sources (`PeerAddress.group`) take turns: however many one
 * source gives, the others wait for only one of them. Taking the first address costs the same, however many wait.
 */
import type { PeerAddress } from '../../shared/messages.ts';

export class AddressQueue {
  /** They come before all others; the next one is the last of the array. */
  #front: PeerAddress[] = [];
  /** By group, in the order of their turns; no line is empty. */
  readonly #lines = new Map<number, Line>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(address: PeerAddress): void {
    const { group = 0 } = address;
    const line = this.#lines.get(group) ?? new Line();
    this.#lines.set(group, line);
    line.add(address);
    this.#size += 1;
  }

  addFirst(address: PeerAddress): void {
    this.#front.push(address);
    this.#size += 1;
  }

  next(): PeerAddress | null {
    const address = this.#front.pop() ?? this.#nextInTurn();
    if (address !== null) this.#size -= 1;
    return address;
  }

  /** Removes all that match and returns them. */
  remove(matches: (address: PeerAddress) => boolean): PeerAddress[] {
    const removed = this.#front.filter(matches);
    if (removed.length > 0) this.#front = this.#front.filter((address) => !matches(address));
    for (const [group, line] of this.#lines) {
      removed.push(...line.remove(matches));
      if (line.size === 0) this.#lines.delete(group);
    }
    this.#size -= removed.length;
    return removed;
  }

  #nextInTurn(): PeerAddress | null {
    for (const [group, line] of this.#lines) {
      const address = line.next();
      this.#lines.delete(group);
      if (line.size > 0) this.#lines.set(group, line);
      return address;
    }
    return null;
  }
}

/** First come, first served. */
class Line {
  #all: PeerAddress[] = [];
  /** The index of the next one. */
  #head = 0;

  get size(): number {
    return this.#all.length - this.#head;
  }

  add(address: PeerAddress): void {
    this.#all.push(address);
  }

  next(): PeerAddress | null {
    return this.#all[this.#head++] ?? null;
  }

  remove(matches: (address: PeerAddress) => boolean): PeerAddress[] {
    const waiting = this.#all.slice(this.#head);
    const removed = waiting.filter(matches);
    if (removed.length === 0) return removed;
    this.#all = waiting.filter((address) => !matches(address));
    this.#head = 0;
    return removed;
  }
}
