/** All messages between the main thread and the web-seed thread (BEP 19): one union per direction. */
import type { Route } from './http-visitor.ts';
import type { PieceIndex, ShardId, TorrentId } from './indices.ts';
import type { LedgerMemory } from './ledger.ts';
import type { FullPiece } from './messages.ts';
import type { RateMemory } from './rate-bucket.ts';
import type { ArenaMemory } from './slot-blocks.ts';

/** What a server says of the version of a file (RFC 9110); null where it says nothing. */
export interface FileStamp {
  readonly modified: string | null;
  readonly etag: string | null;
}

/** A file on web seeds (BEP 19). */
export interface WebSeedFile {
  /** Its possible names after the folder of the web seed, percent-encoded, the likeliest first. */
  readonly names: readonly string[];
  readonly offset: number;
  readonly length: number;
  /** BEP 47: padding, which no server has. */
  readonly padding: boolean;
}

/** The task of the one web-seed thread for all torrents; it stays pending until it is stopped. */
export interface WebSeedTask<Port> {
  /** The owner of what this life of the thread claims, in every torrent. */
  readonly owner: ShardId;
  readonly port: Port;
  readonly clientName: string;
  readonly route: Route;
  /** The download limit, which shards also use; null: none. */
  readonly rate: RateMemory | null;
}

/** What the thread must know of a torrent. */
export interface WebSeedTorrent {
  readonly urls: readonly string[];
  readonly files: readonly WebSeedFile[];
  /** A torrent with one file: its URL may be the URL of the file itself. */
  readonly single: boolean;
  /** A file that has no torrent: an answer with another stamp is of another version. */
  readonly stamp?: FileStamp;
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
  /** The network of this machine is back: unreachable servers may be tried at once. */
  | { readonly type: 'network-back' }
  | { readonly type: 'stop' };

/** What the web seeds of one torrent report. */
export type WebSeedNews =
  | { readonly type: 'full'; readonly pieces: readonly FullPiece[] }
  /** Bytes received from this web seed so far. */
  | { readonly type: 'fetched'; readonly seed: number; readonly bytes: number }
  /** Bytes from all web seeds so far that were useless: received twice, not requested, or thrown away. */
  | { readonly type: 'wasted'; readonly bytes: number }
  /** It cannot send this file, given by its position in the task (or, if the reason is null, is asked for it again). */
  | {
      readonly type: 'file-lost';
      readonly seed: number;
      readonly file: number;
      readonly reason: string | null;
    }
  /** It cannot send anything now, and is tried again after `ms`. */
  | {
      readonly type: 'seed-waits';
      readonly seed: number;
      readonly reason: string;
      readonly ms: number;
      /** It is reachable and answers. */
      readonly answers: boolean;
    }
  /** It has nothing that is missing (or, if the reason is null, has something again). */
  | { readonly type: 'seed-lost'; readonly seed: number; readonly reason: string | null }
  /** The torrent was removed: the thread touches its memory no more, and reports nothing more of it. */
  | { readonly type: 'removed' };

export type WebSeedEvent =
  | (WebSeedNews & { readonly torrent: TorrentId })
  /** The thread has ended all its work. */
  | { readonly type: 'stopped' };
