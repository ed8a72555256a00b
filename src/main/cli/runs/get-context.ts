/** What a download has from the command that runs it, alone or beside others. */
import type { Session } from '../../session/session.ts';
import { TakenSources } from '../../session/taken-sources.ts';
import type { Console } from '../output/console.ts';
import type { Metrics } from '../output/metrics.ts';

export interface GetContext {
  readonly console: Console;
  readonly metrics: Metrics | null;
  readonly taken: TakenSources;
  /** Asks it to end in order. */
  readonly signal: AbortSignal;
  /** What it shares with the downloads beside it. */
  readonly session: Session;
  /** What only a caller of our own knows: `unchoke demo` has the oracle of its swarm. */
  readonly oracleMs: number | null;
}

/** Of a download that has the process for itself. */
export function aloneContext(console: Console, session: Session, signal: AbortSignal): GetContext {
  return { console, session, signal, metrics: null, taken: new TakenSources(), oracleMs: null };
}
