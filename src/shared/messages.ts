/**
 * Everything that is said between the main thread and its workers: one union per direction, told apart by `type`.
 * Plain data only, since an Error crosses a port without its name and code. No block ever travels here: blocks lie
 * in the arena.
 */

import type { CloseReason } from './close-reason.ts';
import type { HostPort } from './compact-peers.ts';
import type { Geometry } from './geometry.ts';
import type { PeerIndex, PieceIndex, ShardId, SlotIndex, TorrentId } from './indices.ts';
import type { LedgerMemory } from './ledger.ts';
import type { PeerRate } from './peer-rate.ts';
import type { ArenaMemory } from './slot-blocks.ts';
import type { SocksProxy } from './socks-proxy.ts';
import type { Timeline } from './timeline.ts';

export const STRATEGIES = ['sequential', 'first-connect', 'first-unchoke'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Which piece comes next: the rarest, or simply the next. */
export type PickOrder = 'rarest' | 'sequential';

/** Whether the stream to a peer is hidden from who is in between: first plain and then encrypted, encrypted only, or never. */
export const ENCRYPTIONS = ['prefer', 'require', 'off'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** How a peer was spoken to: `mse` is a key exchange that was not finished; over TCP where nothing else is said. */
export type TransportKind = 'tcp' | 'utp' | `${'' | 'utp-'}mse${'' | '-plain' | '-rc4'}`;

export interface PeerAddress {
  readonly peer: PeerIndex;
  readonly host: string;
  readonly port: number;
  /** Of who named it: groups take turns at being dialled. */
  readonly group?: number;
}

/** The part of the session's limits that falls to one shard, for all its torrents. Infinity means no limit. */
export interface ShardShare {
  readonly halfOpen: number;
  readonly dialRatePerS: number;
  /** Sockets of this shard, from the process's limit of file descriptors. */
  readonly openPeers: number;
}

/** What a shard must know of the torrent to do more than shake hands. Of a magnet link it is not known at first. */
export interface ShardTorrent {
  readonly geometry: Geometry;
  /** The info dictionary as it was hashed, to be served to others (BEP 9). */
  readonly info: SharedArrayBuffer;
  /** Peers come from its trackers only (BEP 27). */
  readonly private: boolean;
  /** Null: race only. Each peer that unchokes is asked for one block, which is thrown away. */
  readonly download: {
    readonly ledger: LedgerMemory;
    readonly arena: ArenaMemory;
    readonly maxSlots: number;
    readonly order: PickOrder;
    /** Other shards download the same torrent. */
    readonly hasNeighbours: boolean;
  } | null;
}

/** The task that starts a shard; it stays pending until the shard stops. `port` is transferred with it. */
export interface ShardTask<Port> {
  readonly shard: ShardId;
  readonly port: Port;
  readonly clientName: string;
  readonly share: ShardShare;
  readonly encryption: Encryption;
  /** Null: peers are dialled directly. */
  readonly proxy: SocksProxy | null;
  /** Where connections leave from; null leaves it to the system. */
  readonly localAddress: string | null;
  /** Try uTP (BEP 29) beside TCP. */
  readonly utp: boolean;
}

/** What a shard must know of a torrent to race for it. */
export interface TorrentEntry {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly strategy: Strategy;
  /** Peers to download from, of this shard. Infinity means no limit. */
  readonly workingPeers: number;
  /** How long a choking peer keeps its place, in milliseconds. */
  readonly chokedTimeoutMs: number;
  /** Exchange peers with others (BEP 11); a private torrent, once it is known as one, does not. */
  readonly pex: boolean;
  /** Say that we have a node of the DHT, and hear of those of peers (BEP 5); not so once the torrent is known as private. */
  readonly dht: boolean;
  /** Dial lost peers again. A race without a download asks each but once. */
  readonly reconnect: boolean;
  /** Peers that connect to us get the index `first`, then `first + step` and so on: those of other shards lie between. */
  readonly incoming: { readonly first: PeerIndex; readonly step: number };
}

/** What main says of addresses. */
export type AddressCommand =
  /** `lost`: they were lost before, by a shard that died. */
  | { readonly type: 'addresses'; readonly addresses: readonly PeerAddress[]; readonly lost: boolean }
  /** A source names these lost peers again. */
  | { readonly type: 'named'; readonly peers: readonly PeerIndex[] }
  /** They make room for others, unless they are in play; answered by `forgotten`. */
  | { readonly type: 'forget'; readonly peers: readonly PeerIndex[] };

/** What main says of one torrent. */
export type TorrentCommand =
  /** Peers of this torrent may be dialled and accepted from here on. */
  | { readonly type: 'enter'; readonly entry: TorrentEntry }
  /** From here on blocks may be asked for; said once. */
  | { readonly type: 'begin'; readonly content: ShardTorrent }
  /** Ask this peer for these parts of the metadata (BEP 9). */
  | { readonly type: 'ask-metadata'; readonly peer: PeerIndex; readonly parts: readonly number[] }
  /** Away with it, for good: it sent bad data that only main could see, or a private torrent may not know it. */
  | { readonly type: 'banish'; readonly peers: readonly PeerIndex[]; readonly code: 'bad-data' | 'private' }
  | AddressCommand
  /** Its part of the peers to download from has changed. Infinity means no limit. */
  | { readonly type: 'share'; readonly workingPeers: number }
  /** These peers alone stay; all others leave the race. */
  | { readonly type: 'keep'; readonly peers: readonly PeerIndex[] }
  /** The kept peers are gone: all peers that were sent away may race again. */
  | { readonly type: 'resume' }
  /** Hash verdicts, to all shards: what to announce, and that slots are free again, or pieces missing. */
  | { readonly type: 'verdicts'; readonly verified: readonly PieceIndex[] }
  /** The torrent is over: its peers are closed, and then nothing of it is left here. Answered by `left`. */
  | { readonly type: 'leave' };

/** What main says to a shard. */
export type ShardCommand =
  | ({ readonly torrent: TorrentId } & TorrentCommand)
  /** Accept connections; `port` 0 takes a free one. */
  | { readonly type: 'listen'; readonly port: number; readonly host: string | null }
  /** The network was away, and is back: no peer was lost by a fault of its own. */
  | { readonly type: 'network-back' }
  | { readonly type: 'stop' };

/** A part of 16 KiB of the metadata, as a peer sent it; `bytes` null where it refused. */
export interface MetadataPart {
  readonly index: number;
  /** All of the metadata, as the peer says. */
  readonly totalBytes: number;
  readonly bytes: Uint8Array | null;
}

/** How it went with one peer; sent when it closes, and for all that are left when the shard stops. */
export interface PeerOutcome {
  readonly peer: PeerIndex;
  readonly shard: ShardId;
  readonly timeline: Timeline;
  readonly reason: CloseReason;
  /** BEP 10 `v`, as the peer sent it. */
  readonly client: string | null;
  /** The first 8 characters of the peer id (BEP 20), as Latin-1. */
  readonly peerIdPrefix: string | null;
  readonly receivedBytes: number;
  readonly transport: TransportKind;
  /** Milliseconds until it is dialled again; null where this is the end. */
  readonly retryInMs: number | null;
}

/** Counters of a torrent on one shard since it entered, and its peers by phase now. */
export interface TorrentStats {
  readonly queued: number;
  readonly dialing: number;
  readonly handshaking: number;
  readonly choked: number;
  readonly unchoked: number;
  /** Dials, connects, handshakes and unchokes so far: each peer counts once per stage. */
  readonly dialed: number;
  readonly connected: number;
  readonly handshaken: number;
  readonly everUnchoked: number;
  readonly blockBytes: number;
  readonly wastedBytes: number;
}

/** How a shard's thread fares, since it started. */
export interface ShardLoad {
  /** Pauses of dialling because this machine ran out of descriptors or ports. */
  readonly shortages: number;
  /** Milliseconds that its thread has worked and not waited. */
  readonly activeMs: number;
  /** Event-loop delay, milliseconds beyond the sampling interval. */
  readonly lagP50Ms: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

export type ShardStats = TorrentStats & ShardLoad;

export interface FullPiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
}

/** What a shard says of one torrent. */
export type TorrentEvent =
  /** For the first-connect strategy. These three are never batched; `at` in monotonic milliseconds, as everywhere. */
  | { readonly type: 'connected'; readonly peer: PeerIndex; readonly at: number }
  | { readonly type: 'unchoked'; readonly peer: PeerIndex; readonly at: number }
  | { readonly type: 'first-block'; readonly peer: PeerIndex; readonly at: number }
  /** A peer connected to us and named this torrent. */
  | { readonly type: 'accepted'; readonly address: PeerAddress }
  /**
   * The peer may be asked for metadata, which we have not (BEP 9), and says that it has this many bytes; 0 where it names no
   * size, null where it may not be asked any more. Said again when that changes.
   */
  | { readonly type: 'metadata-offer'; readonly peer: PeerIndex; readonly bytes: number | null }
  /** The peer named others (BEP 11). */
  | { readonly type: 'peers-told'; readonly peer: PeerIndex; readonly peers: readonly HostPort[] }
  /** The peer has a node of the DHT at this port (BEP 5). */
  | { readonly type: 'dht-node'; readonly peer: PeerIndex; readonly port: number }
  | { readonly type: 'metadata-part'; readonly peer: PeerIndex; readonly part: MetadataPart }
  | { readonly type: 'full'; readonly pieces: readonly FullPiece[] }
  /** Of `peers` the shard knows nothing any more; `kept` are in play. */
  | {
      readonly type: 'forgotten';
      readonly peers: readonly PeerIndex[];
      readonly kept: readonly PeerIndex[];
    }
  | { readonly type: 'closed'; readonly outcomes: readonly PeerOutcome[] }
  /** When any of them has changed. */
  | { readonly type: 'stats'; readonly stats: TorrentStats }
  /** Who gives most, the fastest first. */
  | { readonly type: 'fastest'; readonly peers: readonly PeerRate[] }
  /** Nothing of the torrent is left on the shard. */
  | { readonly type: 'left' };

/** What a shard says. */
export type ShardEvent =
  | ({ readonly torrent: TorrentId } & TorrentEvent)
  /** Whether connections are accepted, and where. */
  | { readonly type: 'listening'; readonly port: number | null; readonly error: string | null }
  | { readonly type: 'load'; readonly load: ShardLoad }
  | { readonly type: 'stopped' };
