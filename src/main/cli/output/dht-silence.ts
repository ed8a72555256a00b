/**
 * Whether a share must be told that the DHT does not answer: once, and only if no peer came in another way. Pure: the time comes
 * from outside, in milliseconds.
 */
import { HINT_AFTER_MS } from '../../../shared/limits.ts';
import type { TrackerNews } from '../../discovery/announcer.ts';
import { isSilentDht } from './source-news.ts';

export class DhtSilence {
  #silent: { readonly since: number; readonly reason: string } | null = null;
  #isOver = false;

  /** `news`: of the DHT. */
  heard(news: TrackerNews, now: number): void {
    if (news.kind === 'answered') this.#isOver = true;
    else if (isSilentDht(news)) this.#silent ??= { since: now, reason: news.text };
  }

  /** Why it is silent, if that must be told now. `known`: addresses of peers. */
  matters(known: number, now: number): string | null {
    if (this.#isOver || this.#silent === null || now - this.#silent.since < HINT_AFTER_MS) return null;
    this.#isOver = true;
    return known === 0 ? this.#silent.reason : null;
  }
}
