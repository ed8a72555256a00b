/** When a server that failed may be asked again: the wait doubles up to a bound, and there is no last try. */
import {
  MAX_WEB_SEED_HOLDS,
  WEB_SEED_BACKOFF_MAX_MS,
  WEB_SEED_BACKOFF_MS,
  WEB_SEED_RETRY_AFTER_MAX_MS,
} from '../../shared/limits.ts';

export class BackOff {
  #failures = 0;
  #until = 0;

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Nothing may be asked before. */
  get until(): number {
    return this.#until;
  }

  /**
   * One more failure, but for one that comes before the wait is over: connections that fail together met one trouble.
   * `retryAfterMs`: what the server itself wants, at least; null where it says nothing.
   */
  failed(now: number, retryAfterMs: number | null): void {
    if (now >= this.#until) this.#failures += 1;
    const wanted = Math.min(retryAfterMs ?? 0, WEB_SEED_RETRY_AFTER_MAX_MS);
    // A server that names a time is not left alone for much longer than that.
    const most = wanted > WEB_SEED_BACKOFF_MS ? 2 * wanted : WEB_SEED_BACKOFF_MAX_MS;
    const doubled = Math.min(WEB_SEED_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 30), most);
    this.#until = Math.max(this.#until, now + Math.max(doubled, wanted));
  }

  /** It may be asked now; how long the next wait is stays as it is. */
  hurry(): void {
    this.#until = 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}

/** Retry-After (RFC 9110) in milliseconds: seconds or a date; null where it is missing or neither. */
export function retryAfterMs(header: string | string[] | undefined, wallMs: number): number | null {
  if (typeof header !== 'string') return null;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs);
}

/** How long a run is kept after so many failures in a row; null where it is better given up. */
export function holdMs(failures: number, retryAfterMs: number | null): number | null {
  const waitMs = Math.max(WEB_SEED_BACKOFF_MS * 2 ** (failures - 1), retryAfterMs ?? 0);
  return failures > MAX_WEB_SEED_HOLDS || waitMs > WEB_SEED_BACKOFF_MAX_MS ? null : waitMs;
}
