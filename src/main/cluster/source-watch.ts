/**
 * Whether the source still gives something to the node that fetches for all. If nothing arrives from outside for a while, or less than a
 * tenth of the best that this node has shown, another one may have a better line, or be served where this one is refused.
 */
import { BLOCK_BYTES, CLUSTER_STATE_MS, MAKER_STALL_MS } from '../../shared/limits.ts';

/** Of the best rate. */
const ENOUGH = 0.1;

export class SourceWatch {
  /** One per second, of the time that is looked at. */
  #samples: { readonly at: number; readonly bytes: number }[] = [];
  /** Bytes per millisecond, over the whole time that is looked at: a burst at the beginning must not make all that follows look slow. */
  #best = 0;

  /** Nothing is needed from outside now, or nothing could be seen: what was is not held against it. */
  restart(): void {
    this.#samples = [];
  }

  /** `bytes`: from outside so far. True while they stand still, or crawl. */
  isDry(bytes: number, now: number): boolean {
    const samples = this.#samples;
    if (now - (samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= CLUSTER_STATE_MS)
      samples.push({ at: now, bytes });
    while (now - (samples[1]?.at ?? now) >= MAKER_STALL_MS) samples.shift();
    const first = samples[0] ?? { at: now, bytes };
    const ms = now - first.at;
    if (ms < MAKER_STALL_MS) return false;
    const came = bytes - first.bytes;
    this.#best = Math.max(this.#best, came / ms);
    return came < Math.max(BLOCK_BYTES, this.#best * ENOUGH * ms);
  }
}
