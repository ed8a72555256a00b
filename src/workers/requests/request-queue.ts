/**
 * Blocks requested from one peer that have not arrived, oldest first. A block is an integer key: its number in the torrent.
 * Peers nearly always answer in order, so the search from the old end is short.
 */
export class RequestQueue {
  #keys: number[] = [];
  #head = 0;

  get size(): number {
    return this.#keys.length - this.#head;
  }

  push(key: number): void {
    this.#keys.push(key);
  }

  /** True if the key was there. */
  remove(key: number): boolean {
    const at = this.#keys.indexOf(key, this.#head);
    if (at < 0) return false;
    if (at === this.#head) this.#head += 1;
    else this.#keys.splice(at, 1);
    if (this.#head === this.#keys.length) {
      this.#keys.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1_024) {
      this.#keys = this.#keys.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }

  /** Removes the keys that `goes`, and returns them. */
  removeWhere(goes: (key: number) => boolean): number[] {
    const keys = this.drain();
    for (const key of keys) if (!goes(key)) this.#keys.push(key);
    return keys.filter(goes);
  }

  /** The owed blocks, newest first. */
  newestFirst(): number[] {
    return this.#keys.slice(this.#head).reverse();
  }

  /** Removes all but the `keep` oldest keys and returns the removed ones. */
  drain(keep = 0): number[] {
    return this.#keys.splice(this.#head + keep);
  }
}
