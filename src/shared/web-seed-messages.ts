/** What is said between the main thread and the thread that fetches from web seeds (BEP 19): one union per direction. */

import type { Route } from './http-visitor.ts';
import type { ShardId } from './indices.ts';
import type { LedgerMemory } from './ledger.ts';
import type { FullPiece } from './messages.ts';
import type { ArenaMemory } from './slot-blocks.ts';

/** A file as web seeds have it (BEP 19). */
export interface WebSeedFile {
  /** Behind the folder of the web seed, percent-encoded. */
  readonly suffix: string;
  readonly offset: number;
  readonly length: number;
  /** BEP 47: no server has it. */
  readonly padding: boolean;
}

/** The task of the thread that fetches from web seeds; it stays pending until it is stopped. */
export interface WebSeedTask<Port> {
  readonly shard: ShardId;
  readonly port: Port;
  readonly clientName: string;
  readonly route: Route;
  readonly urls: readonly string[];
  readonly files: readonly WebSeedFile[];
  /** A torrent of one file: a URL may be that of the file itself. */
  readonly single: boolean;
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly maxSlots: number;
}

export type WebSeedCommand =
  /** The web seed sent bad data. */
  { readonly type: 'convict'; readonly seed: number } | { readonly type: 'stop' };

export type WebSeedEvent =
  | { readonly type: 'full'; readonly pieces: readonly FullPiece[] }
  /** Bytes that this web seed has given so far. */
  | { readonly type: 'fetched'; readonly seed: number; readonly bytes: number }
  | { readonly type: 'seed-lost'; readonly seed: number; readonly reason: string }
  | { readonly type: 'stopped' };
