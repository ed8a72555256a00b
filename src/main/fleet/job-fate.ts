/** What becomes of a job that failed: a pure choice by the kind of failure. */
import { doubledPause } from '../../shared/doubled-pause.ts';
import { FLEET_AVOID_MS, FLEET_RETRY_MAX_MS } from '../../shared/limits.ts';
import type { FailureCode } from '../failure.ts';

export type JobFate =
  /** No other try can succeed. */
  | { readonly kind: 'never' }
  /** `avoidMs`: for this time another machine should try it; 0: any machine. */
  | { readonly kind: 'again'; readonly afterMs: number; readonly avoidMs: number };

export interface FailedTries {
  /** Tries that failed, this one included. */
  readonly failed: number;
  /** How many there may be. */
  readonly most: number;
  /** The wait after the first one; it doubles. */
  readonly backoffMs: number;
}

/** Nothing that time or another machine changes. */
const LASTING: ReadonlySet<FailureCode> = new Set(['bad-torrent', 'usage']);

export function fateOf(code: FailureCode, { failed, most, backoffMs }: FailedTries): JobFate {
  if (LASTING.has(code) || failed >= most) return { kind: 'never' };
  const afterMs = doubledPause(backoffMs, failed, FLEET_RETRY_MAX_MS);
  return { kind: 'again', afterMs, avoidMs: code === 'disk' ? FLEET_AVOID_MS : 0 };
}
