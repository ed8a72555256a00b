/** Events for a reader that takes them at its own pace. */
import { MAX_WAITING_EVENTS } from '../../shared/limits.ts';
import type { TorrentEvent } from './events.ts';

export class EventStream implements AsyncIterableIterator<TorrentEvent> {
  readonly #onEnd: () => void;
  #waiting: TorrentEvent[] = [];
  #takers: ((result: IteratorResult<TorrentEvent>) => void)[] = [];
  #ended = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(event: TorrentEvent): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) return taker({ done: false, value: event });
    const last = this.#waiting.at(-1);
    // Only the newest progress is useful.
    if (event.type === 'progress' && last?.type === 'progress') this.#waiting.pop();
    this.#waiting.push(event);
    if (this.#waiting.length > MAX_WAITING_EVENTS) this.#waiting.shift();
  }

  /** Events that wait can still be read. */
  end(): void {
    this.#ended = true;
    for (const taker of this.#takers) taker({ done: true, value: undefined });
    this.#takers = [];
    this.#onEnd();
  }

  next(): Promise<IteratorResult<TorrentEvent>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  return(): Promise<IteratorResult<TorrentEvent>> {
    this.#waiting = [];
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}
