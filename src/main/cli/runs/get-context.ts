/** What a command gives to each download that it runs. */
import type { Session } from '../../session/session.ts';
import { TakenSources } from '../../session/taken-sources.ts';
import type { Console } from '../output/console.ts';
import type { Metrics } from '../output/metrics.ts';
import { ReachNews } from '../output/reach-news.ts';

export interface GetContext {
  readonly console: Console;
  readonly metrics: Metrics | null;
  readonly reach: ReachNews;
  readonly taken: Pick<TakenSources, 'take' | 'once'>;
  /** Asks the download to end in order. */
  readonly signal: AbortSignal;
  /** Shared with the other downloads of the command. */
  readonly session: Session;
  /** The time of the best peer; null if unknown. Only `unchoke demo` knows it, from its own swarm. */
  readonly oracleMs: number | null;
  /** Downloads that are complete and still given to peers: the command waits for their end. */
  readonly seeds: Promise<number>[];
  /** A download that fails tells people the reasons. False: who started it does, from the `FailedDownload`. */
  readonly explains: boolean;
}

/** For the only download of the process. */
export function aloneContext(console: Console, session: Session, signal: AbortSignal): GetContext {
  return {
    ...{ console, session, signal },
    metrics: null,
    reach: new ReachNews(console, session.mapping !== null),
    taken: new TakenSources(),
    oracleMs: null,
    seeds: [],
    explains: true,
  };
}
