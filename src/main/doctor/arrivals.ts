/** Whether data has arrived just now. */
export class Arrivals {
  #bytes = 0;
  #at: number | null = null;

  /** `bytes`: received so far. */
  note(bytes: number, now: number): void {
    if (bytes > this.#bytes) this.#at = now;
    this.#bytes = bytes;
  }

  within(ms: number, now: number): boolean {
    return this.#at !== null && now - this.#at < ms;
  }
}
