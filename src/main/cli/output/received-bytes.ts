/**
 * The received bytes that are shown. What a lost thread or a shortage of memory throws away comes again soon, and nobody needs to see
 * the bar go back for it: it goes back only when a piece was bad.
 */
export class ReceivedBytes {
  #most = 0;

  /** `bytes`: verified ones, and those of pieces that are not verified yet. */
  shown(bytes: number): number {
    this.#most = Math.max(this.#most, bytes);
    return this.#most;
  }

  /** A piece was bad. */
  pieceFailed(): void {
    this.#most = 0;
  }
}
