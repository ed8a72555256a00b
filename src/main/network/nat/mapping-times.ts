/** When a mapping is renewed, and when a failed request is tried again. Pure. */
import { NAT_LIFETIME_MS, NAT_MIN_RENEW_MS, NAT_RETRY_MAX_MS, NAT_RETRY_MS } from '../../../shared/limits.ts';

/** A router may grant less than we asked for, or claim much more. */
export function boundedLifetimeMs(grantedMs: number): number {
  return Math.min(grantedMs, NAT_LIFETIME_MS);
}

/** At half the lifetime, so that a lost packet or a short outage closes nothing. */
export function renewAfterMs(lifetimeMs: number): number {
  return Math.max(lifetimeMs / 2, NAT_MIN_RENEW_MS);
}

/** `failures`: in a row. `leftMs`: the time until the mapping ends, or less than 0 if there is none. */
export function retryAfterMs(failures: number, leftMs: number): number {
  if (leftMs > 0) return Math.max(leftMs / 2, NAT_MIN_RENEW_MS);
  return Math.min(NAT_RETRY_MS * 2 ** Math.max(0, failures - 1), NAT_RETRY_MAX_MS);
}
