/** What the web seeds of a download are given at their start. */
import type { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ShardId } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { WebSeedEvent, WebSeedFile } from '../../shared/web-seed-messages.ts';
import type { Visitor } from './web-seed.ts';

export interface FetcherSetup {
  readonly shard: ShardId;
  readonly urls: readonly string[];
  readonly files: readonly WebSeedFile[];
  readonly single: boolean;
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly maxSlots: number;
  readonly visitor: Visitor;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
  readonly post: (event: WebSeedEvent) => void;
}
