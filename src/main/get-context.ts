/** What a download has from the command that runs it, alone or beside others. */
import { Claims } from './claims.ts';
import type { Console } from './console.ts';
import type { Metrics } from './metrics.ts';

export interface GetContext {
  readonly console: Console;
  readonly metrics: Metrics | null;
  readonly claims: Claims;
  /** Asks it to end in order. */
  readonly signal: AbortSignal;
  /** How many downloads run at one time, which share all limits, and the place of this one among them, from 0. */
  readonly lanes: number;
  readonly lane: number;
  /** What only a caller of our own knows: `unchoke demo` has the oracle of its swarm. */
  readonly oracleMs: number | null;
}

/** Of a download that has the process for itself. */
export function aloneContext(console: Console, signal: AbortSignal): GetContext {
  return { console, signal, metrics: null, claims: new Claims(), lanes: 1, lane: 0, oracleMs: null };
}
