/** What a download has from the command that runs it, alone or beside others. */
import { TakenSources } from '../../session/taken-sources.ts';
import type { Console } from '../output/console.ts';
import type { Metrics } from '../output/metrics.ts';

export interface GetContext {
  readonly console: Console;
  readonly metrics: Metrics | null;
  readonly taken: TakenSources;
  /** Asks it to end in order. */
  readonly signal: AbortSignal;
  /** How many downloads run at one time, which share all limits, and the place of this one among them, from 0. */
  readonly lanes: number;
  readonly lane: number;
  /** What only a caller of our own knows: `unchoke demo` has the oracle of its swarm. */
  readonly oracleMs: number | null;
}

/** Of one that shares nothing with others. */
export const ALONE = { lanes: 1, lane: 0 } as const;

/** Of a download that has the process for itself. */
export function aloneContext(console: Console, signal: AbortSignal): GetContext {
  return { console, signal, metrics: null, taken: new TakenSources(), ...ALONE, oracleMs: null };
}

/** How a run ends. */
export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly error: unknown };
