/** What a race needs at its start, and what its listeners hear. */
import type { PeerIndex, ShardId } from '../../shared/indices.ts';
import type { FullPiece, MetadataPart, PeerOutcome, Strategy } from '../../shared/messages.ts';
import type { Blocklist } from './blocklist.ts';

export interface RaceOptions {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly strategy: Strategy;
  /** Winners to keep; 0 keeps all peers in play. */
  readonly keep: number;
  /** Peers to download from; 0 is no limit. */
  readonly maxPeers: number;
  readonly chokedTimeoutMs: number;
  /** Dial lost peers again. */
  readonly reconnect: boolean;
  /** Exchange peers (BEP 11). */
  readonly pex: boolean;
  /** Learn nodes of the DHT from peers (BEP 5, PORT). */
  readonly dht: boolean;
  readonly onDhtNode?: (host: string, port: number) => void;
  /** Addresses that the user wants nothing to do with. */
  readonly blocklist: Blocklist | null;
}

export interface Unchoke {
  readonly peer: PeerIndex;
  readonly shard: number;
  readonly at: number;
}

export interface RaceListener {
  /** The first unchoke of all; `ms` from the moment the first address went to a shard. */
  onFirstUnchoke(unchoke: Unchoke, ms: number): void;
  onFull(pieces: readonly FullPiece[]): void;
  onClosed(outcomes: readonly PeerOutcome[]): void;
  /** The peer sent bad data; its address is not taken again. */
  onBanned(peer: PeerIndex): void;
  /** A peer has metadata, or sent (or refused) a part of it. Only while the torrent is unknown. */
  onMetadataOffer(peer: PeerIndex, bytes: number | null): void;
  onMetadataPart(peer: PeerIndex, part: MetadataPart): void;
  /** A shard died; its claims are void. */
  onShardLost(shard: ShardId, error: unknown): void;
  /** A bug of ours that no new thread mends. */
  onBug(error: unknown): void;
}
