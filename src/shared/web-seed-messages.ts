/** What is said between the main thread and the thread that fetches from web seeds (BEP 19): one union per direction. */
import type { Route } from './http-visitor.ts';
import type { PieceIndex, ShardId, TorrentId } from './indices.ts';
import type { LedgerMemory } from './ledger.ts';
import type { FullPiece } from './messages.ts';
import type { ArenaMemory } from './slot-blocks.ts';

/** A file as web seeds have it (BEP 19). */
export interface WebSeedFile {
  /** What it may be called behind the folder of the web seed, percent-encoded, the likeliest first. */
  readonly names: readonly string[];
  readonly offset: number;
  readonly length: number;
  /** BEP 47: no server has it. */
  readonly padding: boolean;
}

/** The task of the one thread that fetches from the web seeds of all torrents; it stays pending until it is stopped. */
export interface WebSeedTask<Port> {
  /** The owner of what this life of the thread claims, in every torrent. */
  readonly owner: ShardId;
  readonly port: Port;
  readonly clientName: string;
  readonly route: Route;
}

/** What the thread must know of a torrent. */
export interface WebSeedTorrent {
  readonly urls: readonly string[];
  readonly files: readonly WebSeedFile[];
  /** A torrent of one file: a URL may be that of the file itself. */
  readonly single: boolean;
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly maxSlots: number;
}

export type WebSeedCommand =
  | { readonly type: 'add'; readonly torrent: TorrentId; readonly task: WebSeedTorrent }
  /** Its requests end; `removed` answers once nothing of it is left. */
  | { readonly type: 'remove'; readonly torrent: TorrentId }
  /** The web seed sent a bad block of this piece. */
  | {
      readonly type: 'convict';
      readonly torrent: TorrentId;
      readonly seed: number;
      readonly piece: PieceIndex;
    }
  /** The network of this machine was away, and is back: servers that could not be reached may be asked at once. */
  | { readonly type: 'network-back' }
  | { readonly type: 'stop' };

/** What the web seeds of one torrent report. */
export type WebSeedNews =
  | { readonly type: 'full'; readonly pieces: readonly FullPiece[] }
  /** Bytes that this web seed has given so far. */
  | { readonly type: 'fetched'; readonly seed: number; readonly bytes: number }
  /** Bytes of all web seeds so far that were of no use: they came twice, unasked, or were thrown away. */
  | { readonly type: 'wasted'; readonly bytes: number }
  /** It cannot give this file, by its position in the task. */
  | { readonly type: 'file-lost'; readonly seed: number; readonly file: number; readonly reason: string }
  /** It cannot give anything now, and is asked again after `ms`. */
  | {
      readonly type: 'seed-waits';
      readonly seed: number;
      readonly reason: string;
      readonly ms: number;
      /** It is there, and says so. */
      readonly answers: boolean;
    }
  /** It has nothing of what is missing (or, where the reason is null, has something again). */
  | { readonly type: 'seed-lost'; readonly seed: number; readonly reason: string | null }
  /** The torrent was removed: the thread touches its memory no more, and reports nothing more of it. */
  | { readonly type: 'removed' };

export type WebSeedEvent =
  | (WebSeedNews & { readonly torrent: TorrentId })
  /** The thread has ended all its work. */
  | { readonly type: 'stopped' };
