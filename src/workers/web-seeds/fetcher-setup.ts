/** What the web seeds of one torrent get at their start. */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ShardId } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { WebSeedFile, WebSeedNews } from '../../shared/web-seed-messages.ts';
import type { Servers } from './servers.ts';
import type { Visitor } from './web-seed.ts';

export interface FetcherSetup {
  readonly owner: ShardId;
  readonly urls: readonly string[];
  readonly files: readonly WebSeedFile[];
  readonly single: boolean;
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly maxSlots: number;
  /** Shared by all torrents. */
  readonly servers: Servers;
  readonly visitor: Visitor;
  readonly clock: Clock;
  /** Resolves after this time, or when the signal aborts. Never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly post: (news: WebSeedNews) => void;
}
