/**
 * Whether the cluster is of use: if less arrives, from wherever, than a tenth of what this node's own line has shown that it can, the node
 * fetches everything itself for a while. A node that has a piece and does not give it, or gives a trickle, can do no more than that.
 */
import { CLUSTER_STALL_MS } from '../../shared/limits.ts';

/** Of the best rate from outside. */
const ENOUGH = 0.1;

export class StallWatch {
  /** Of the time that is looked at; null until the next look. */
  #begin: { readonly at: number; readonly bytes: number } | null = null;
  #stalledUntil = Number.NEGATIVE_INFINITY;
  /** Bytes per second. */
  #best = 0;

  /** Nothing could be seen for a while: that is not held against the cluster. */
  restart(): void {
    this.#begin = null;
  }

  /** `bytes`: that have arrived so far. `outsideBytesPerS`: lately. True while everything may be fetched from outside. */
  look(bytes: number, outsideBytesPerS: number, now: number): boolean {
    this.#best = Math.max(this.#best, outsideBytesPerS);
    this.#begin ??= { at: now, bytes };
    const ms = now - this.#begin.at;
    if (ms >= CLUSTER_STALL_MS) {
      const enough = Math.max(1, (this.#best * ENOUGH * ms) / 1_000);
      if (bytes - this.#begin.bytes < enough) this.#stalledUntil = now + CLUSTER_STALL_MS;
      this.#begin = { at: now, bytes };
    }
    return now < this.#stalledUntil;
  }
}
