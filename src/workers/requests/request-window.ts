/**
 * How many blocks one peer should owe us: about two seconds of its rate, so that a fast link with a long delay never runs dry,
 * and no more than the peer queues. It begins with a slow start: one more for each received block.
 */
import {
  BLOCK_BYTES,
  DEFAULT_REQUEST_QUEUE_BLOCKS,
  INITIAL_REQUESTS_BLOCKS,
  MAX_REQUEST_QUEUE_BLOCKS,
  REQUEST_QUEUE_MS,
} from '../../shared/limits.ts';

/** A rate is measured over at least this time; otherwise one burst of a read would count as the rate. */
const SAMPLE_MS = 500;

export class RequestWindow {
  #size = INITIAL_REQUESTS_BLOCKS;
  #cap = DEFAULT_REQUEST_QUEUE_BLOCKS;
  #slowStart = true;
  #sampleStart = -1;
  #sampleBytes = 0;
  #rate = 0;

  get size(): number {
    return Math.min(this.#size, this.#cap);
  }

  /** Bytes per second, smoothed. */
  get rate(): number {
    return this.#rate;
  }

  /** The number of requests that the peer queues (BEP 10 `reqq`). */
  setPeerQueue(blocks: number): void {
    this.#cap = Math.min(blocks, MAX_REQUEST_QUEUE_BLOCKS);
  }

  received(bytes: number, now: number): void {
    if (this.#sampleStart < 0) this.#sampleStart = now;
    this.#sampleBytes += bytes;
    if (this.#slowStart) this.#size += 1;
    const elapsed = now - this.#sampleStart;
    if (elapsed < SAMPLE_MS) return;
    const measured = (this.#sampleBytes * 1_000) / elapsed;
    if (this.#slowStart && this.#rate > 0 && measured < this.#rate * 1.1) this.#slowStart = false;
    this.#rate = this.#rate === 0 ? measured : this.#rate * 0.6 + measured * 0.4;
    if (!this.#slowStart) this.#size = this.#target();
    this.#sampleStart = now;
    this.#sampleBytes = 0;
  }

  /** Nothing arrived for a long time: start again from one. */
  snub(): void {
    this.#size = 1;
    this.#slowStart = true;
    this.#rate = 0;
    this.#sampleStart = -1;
    this.#sampleBytes = 0;
  }

  #target(): number {
    const blocks = Math.ceil((this.#rate * REQUEST_QUEUE_MS) / 1_000 / BLOCK_BYTES);
    return Math.max(2, blocks);
  }
}
