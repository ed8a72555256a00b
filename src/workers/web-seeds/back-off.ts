/** When a server that failed may be asked again. The wait doubles up to a limit, and the tries never end. */
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

  /** No request may start before this time. */
  get until(): number {
    return this.#until;
  }

  /**
   * Counts one more failure, unless it comes before the wait is over: connections that fail together have the same cause.
   * `retryAfterMs`: the shortest wait that the server asks for; null if it asks for none.
   */
  failed(now: number, retryAfterMs: number | null): void {
    if (now >= this.#until) this.#failures += 1;
    const wanted = Math.min(retryAfterMs ?? 0, WEB_SEED_RETRY_AFTER_MAX_MS);
    // If a server names a time, we do not wait much longer than that.
    const most = wanted > WEB_SEED_BACKOFF_MS ? 2 * wanted : WEB_SEED_BACKOFF_MAX_MS;
    const doubled = Math.min(WEB_SEED_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 30), most);
    this.#until = Math.max(this.#until, now + Math.max(doubled, wanted));
  }

  /** The server may be asked now. The next wait does not become shorter. */
  hurry(): void {
    this.#until = 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#until = 0;
  }
}

/** Retry-After (RFC 9110) in milliseconds, from seconds or a date; null if it is missing or neither. */
export function retryAfterMs(header: string | string[] | undefined, wallMs: number): number | null {
  if (typeof header !== 'string') return null;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs);
}

/** How long to keep a run after this many failures in a row; null if it should be given up. */
export function holdMs(failures: number, retryAfterMs: number | null): number | null {
  const waitMs = Math.max(WEB_SEED_BACKOFF_MS * 2 ** (failures - 1), retryAfterMs ?? 0);
  return failures > MAX_WEB_SEED_HOLDS || waitMs > WEB_SEED_BACKOFF_MAX_MS ? null : waitMs;
}
