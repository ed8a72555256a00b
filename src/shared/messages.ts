/**
 * All messages between the main thread and the shards: one union per direction; `type` names the message. Plain data only,
 * because an Error crosses a port without its name and code. No block travels in a message: blocks are in the arena.
 */

import type { CloseReason } from './close-reason.ts';
import type { ClusterCommand, ClusterEvent } from './cluster-messages.ts';
import type { ToldPeer } from './compact-peers.ts';
import type { Contender } from './contender.ts';
import type { Geometry } from './geometry.ts';
import type { HashCommand, HashEvent } from './hash-messages.ts';
import type { HolepunchCommand, HolepunchEvent } from './holepunch.ts';
import type { PeerIndex, PieceIndex, ShardId, SlotIndex, TorrentId } from './indices.ts';
import type { LedgerMemory } from './ledger.ts';
import type { MetadataPart } from './metadata-part.ts';
import type { PeerRate } from './peer-rate.ts';
import type { RateMemory } from './rate-bucket.ts';
import type { ShardLoad } from './shard-load.ts';
import type { ArenaMemory } from './slot-blocks.ts';
import type { SocksProxy } from './socks-proxy.ts';
import type { StoredFile, StoredFiles } from './stored-files.ts';
import type { Timeline } from './timeline.ts';
import type { TorrentNames } from './torrent-names.ts';

export const STRATEGIES = ['sequential', 'first-connect', 'first-unchoke'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Which piece comes next: the rarest one, or the next in order. */
export type PickOrder = 'rarest' | 'sequential';

/** Encryption of the stream to a peer: first plain and then encrypted, only encrypted, or never. */
export const ENCRYPTIONS = ['prefer', 'require', 'off'] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

/** The transport of a peer. `mse` alone is an unfinished key exchange; TCP if nothing else is named. */
export type TransportKind = 'tcp' | 'utp' | `${'' | 'utp-'}mse${'' | '-plain' | '-rc4'}`;

export interface PeerAddress {
  readonly peer: PeerIndex;
  readonly host: string;
  readonly port: number;
  /** The group of its source. Groups take turns when addresses are dialled. */
  readonly group?: number;
  /** A peer that knows it may introduce us to it (BEP 55). */
  readonly punchable?: boolean;
  /** It was named in the swarm of version 2 (BEP 52), and may know no other. */
  readonly version2?: boolean;
  /** A node of our cluster: whenever it is lost it is dialled again soon. */
  readonly eager?: boolean;
}

/** The part of the session's limits that falls to one shard, for all its torrents. Infinity means no limit. */
export interface ShardShare {
  readonly halfOpen: number;
  readonly dialRatePerS: number;
  /** Sockets of this shard, from the process's limit of file descriptors. */
  readonly openPeers: number;
}

/** What a shard must know about the torrent to do more than handshakes. With a magnet link this is not known at first. */
export interface ShardTorrent {
  /** As in the entry, but now with all that are known: metadata shows that a torrent is a hybrid (BEP 52). */
  readonly names?: TorrentNames;
  readonly geometry: Geometry;
  /** The info dictionary as it was hashed; we send it to other peers (BEP 9). */
  readonly info: SharedArrayBuffer;
  /** Peers come from its trackers only (BEP 27). */
  readonly private: boolean;
  /** Null: only a race, where each peer that unchokes us is asked for one block, or (with `given`) a seed, which asks for nothing. */
  readonly download: {
    readonly ledger: LedgerMemory;
    readonly arena: ArenaMemory;
    readonly maxSlots: number;
    readonly order: PickOrder;
    /** Other shards also download this torrent. */
    readonly hasNeighbours: boolean;
  } | null;
  /** What peers can get from us; null: nothing is kept. */
  readonly given: GivenFiles | null;
}

/** Where the pieces are that we give to peers. */
export interface GivenFiles extends StoredFiles {
  readonly ledger: LedgerMemory;
  /** 1 for each piece whose bytes are all in these files; null if all are. */
  readonly kept: Uint8Array | null;
  /** Each peer is offered one piece at a time (BEP 16). */
  readonly superSeed?: boolean;
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
  /** Our address for connections; null: the system chooses. */
  readonly localAddress: string | null;
  /** Try uTP (BEP 29) beside TCP. */
  readonly utp: boolean;
  /** The limit of what all shards send together; null: none. */
  readonly uploadRate: RateMemory | null;
  /** The limit of what all shards and web seeds request together; null: none. */
  readonly downloadRate: RateMemory | null;
}

/** What a shard must know about a torrent to race for it. */
export interface TorrentEntry extends TorrentNames {
  readonly peerId: Uint8Array;
  readonly strategy: Strategy;
  /** Peers to download from, of this shard. Infinity means no limit. */
  readonly workingPeers: number;
  /** Milliseconds for which a choking peer keeps its place. */
  readonly chokedTimeoutMs: number;
  /** Exchange peers (BEP 11). Off once the torrent is known to be private. */
  readonly pex: boolean;
  /** Announce our DHT node and learn the nodes of peers (BEP 5). Off once the torrent is known to be private. */
  readonly dht: boolean;
  /** Meet peers that nobody can dial, and introduce others (BEP 55). Off once the torrent is known to be private. */
  readonly holepunch: boolean;
  /** It is downloaded by a cluster: peers may be nodes of it. */
  readonly cluster: boolean;
  /** Dial lost peers again. A race without a download dials each peer once. */
  readonly reconnect: boolean;
  /** Peers may connect to us. */
  readonly accepts: boolean;
  /** Peers that connect to us get the index `first`, then `first + step` and so on. Other shards have the indices between. */
  readonly incoming: { readonly first: PeerIndex; readonly step: number };
}

/** Commands about addresses. */
export type AddressCommand =
  /** `lost`: they were lost before, by a shard that died. */
  | { readonly type: 'addresses'; readonly addresses: readonly PeerAddress[]; readonly lost: boolean }
  /** A source named these lost peers again. */
  | { readonly type: 'named'; readonly peers: readonly PeerIndex[] }
  /** Forget them to make room for others, unless they are in play; `forgotten` answers. */
  | { readonly type: 'forget'; readonly peers: readonly PeerIndex[] };

/** Commands of main about one torrent. */
export type TorrentCommand =
  /** From now on peers of this torrent may be dialled and accepted. */
  | { readonly type: 'enter'; readonly entry: TorrentEntry }
  /** From now on blocks may be requested. Sent once. */
  | { readonly type: 'begin'; readonly content: ShardTorrent }
  /** Ask this peer for these parts of the metadata (BEP 9). */
  | { readonly type: 'ask-metadata'; readonly peer: PeerIndex; readonly parts: readonly number[] }
  /** Close them for good: they sent bad data that only main could see, or a private torrent does not allow them. */
  | { readonly type: 'banish'; readonly peers: readonly PeerIndex[]; readonly code: 'bad-data' | 'private' }
  | AddressCommand
  | HolepunchCommand
  | HashCommand
  | ClusterCommand
  /** Its share of the peers to download from has changed. Infinity means no limit. */
  | { readonly type: 'share'; readonly workingPeers: number }
  /** Only these peers stay; all others leave the race. */
  | { readonly type: 'keep'; readonly peers: readonly PeerIndex[] }
  /** The kept peers are gone: all closed peers may race again. */
  | { readonly type: 'resume' }
  /** Verdicts, to all shards: pieces to announce, and the news that slots are free or pieces missing again. */
  | {
      readonly type: 'verdicts';
      readonly verified: readonly PieceIndex[];
      /** Verified pieces that are not in our files: a file that is not ours is in their place. */
      readonly withheld: readonly PieceIndex[];
    }
  /** The download is complete: nothing more is requested, and its memory is free. `files`: their names at the end. */
  | { readonly type: 'seed'; readonly files: readonly StoredFile[] }
  /** Peers that may request blocks from now on, and peers that may no longer. */
  | {
      readonly type: 'choose';
      readonly unchoke: readonly PeerIndex[];
      readonly choke: readonly PeerIndex[];
    }
  /** The torrent is over: its peers are closed, and then nothing of it is left here. Answered by `left`. */
  | { readonly type: 'leave' };

/** What main says to a shard. */
export type ShardCommand =
  | ({ readonly torrent: TorrentId } & TorrentCommand)
  /** Accept connections; `port` 0 takes a free one. */
  | {
      readonly type: 'listen';
      readonly port: number;
      readonly host: string | null;
      /** Other threads are told to listen at the same port, if the system allows that. */
      readonly shared: boolean;
      /** So do they over uTP. Else one has the port, and its dials leave from there: a router lets in only what we dialled. */
      readonly sharedUtp: boolean;
    }
  /**
   * Where we listen. `routerPort`: where the router forwards it for IPv4; null if it does not. `isOpen`: our address is public, or
   * the router forwards the port.
   */
  | {
      readonly type: 'reachable';
      readonly port: number;
      readonly routerPort: number | null;
      readonly isOpen: boolean;
    }
  /** So many threads listen: each takes its part of the incoming peers. */
  | { readonly type: 'listeners'; readonly count: number }
  /** The network was down and is back: the lost peers were not at fault. */
  | { readonly type: 'network-back' }
  | { readonly type: 'stop' };

/** The result of one peer; sent when it closes, and for all peers that are left when the shard stops. */
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
  readonly sentBytes: number;
  readonly transport: TransportKind;
  /** Milliseconds until it is dialled again; null if it is not. */
  readonly retryInMs: number | null;
}

/** Counters of a torrent on one shard since it entered, and its current peers by phase. */
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
  /** The part of `blockBytes` that nodes of our cluster gave. */
  readonly nodeBytes: number;
  /** Bytes of blocks given to peers. */
  readonly sentBytes: number;
  /** Dials in progress to peers that were lost before. */
  readonly redialing: number;
  /** Peers that are tried over uTP now or later, by how TCP ended: it was refused, it failed, or the peer closed the connection. */
  readonly refusedTcp: number;
  readonly failedTcp: number;
  readonly hungUpTcp: number;
  /** Peers that completed the handshake and have announced no piece. */
  readonly withoutPieces: number;
}

export type ShardStats = TorrentStats & ShardLoad;

export interface FullPiece {
  readonly piece: PieceIndex;
  readonly slot: SlotIndex;
}

/** Events of a shard about one torrent. */
export type TorrentEvent =
  /** For the first-connect strategy. The next three are never batched. `at` is in monotonic milliseconds, as everywhere. */
  | { readonly type: 'connected'; readonly peer: PeerIndex; readonly at: number }
  | { readonly type: 'unchoked'; readonly peer: PeerIndex; readonly at: number }
  | { readonly type: 'first-block'; readonly peer: PeerIndex; readonly at: number }
  /** A peer connected to us and named this torrent. `punched`: or it answered when both of us dialled (BEP 55). */
  | { readonly type: 'accepted'; readonly address: PeerAddress; readonly punched: boolean }
  /**
   * The peer may be asked for the metadata, which we do not have (BEP 9), and says that it has this many bytes; 0 if it names
   * no size, null if it may not be asked any more. Sent again when this changes.
   */
  | { readonly type: 'metadata-offer'; readonly peer: PeerIndex; readonly bytes: number | null }
  /** The peer named other peers (BEP 11). */
  | { readonly type: 'peers-told'; readonly peer: PeerIndex; readonly peers: readonly ToldPeer[] }
  | HolepunchEvent
  | HashEvent
  | ClusterEvent
  /** The peer has a DHT node at this port (BEP 5). */
  | { readonly type: 'dht-node'; readonly peer: PeerIndex; readonly port: number }
  | { readonly type: 'metadata-part'; readonly peer: PeerIndex; readonly part: MetadataPart }
  | { readonly type: 'full'; readonly pieces: readonly FullPiece[] }
  /** The shard has forgotten `peers`; `kept` are in play. */
  | {
      readonly type: 'forgotten';
      readonly peers: readonly PeerIndex[];
      readonly kept: readonly PeerIndex[];
    }
  | { readonly type: 'closed'; readonly outcomes: readonly PeerOutcome[] }
  /** Sent when a counter has changed. */
  | { readonly type: 'stats'; readonly stats: TorrentStats }
  /** The fastest peers, the fastest first. */
  | { readonly type: 'fastest'; readonly peers: readonly PeerRate[] }
  /** The peers that want data from us or may request it: once a second all of them, and at once those that begin to want some. */
  | { readonly type: 'contenders'; readonly peers: readonly Contender[] }
  /** A verified piece could not be read to give it to a peer. `code`: of the system. */
  | { readonly type: 'read-failed'; readonly code: string; readonly path: string }
  /** Nothing of the torrent is left on the shard. */
  | { readonly type: 'left' };

/** What a shard says. */
export type ShardEvent =
  | ({ readonly torrent: TorrentId } & TorrentEvent)
  /** Whether connections are accepted, and where. */
  | { readonly type: 'listening'; readonly port: number | null; readonly error: string | null }
  | { readonly type: 'load'; readonly load: ShardLoad }
  | { readonly type: 'stopped' };
