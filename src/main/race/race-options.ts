/** The options of a race, and its listener. */

import type { ClusterEvent } from '../../shared/cluster-messages.ts';
import type { Contender } from '../../shared/contender.ts';
import type { HashEvent } from '../../shared/hash-messages.ts';
import type { PeerIndex, ShardId } from '../../shared/indices.ts';
import type { FullPiece, PeerOutcome, Strategy } from '../../shared/messages.ts';
import type { MetadataPart } from '../../shared/metadata-part.ts';
import type { Blocklist } from './blocklist.ts';

export interface RaceOptions {
  readonly infoHash: Uint8Array;
  /** The cut hash of version 2 (BEP 52), if it has one. */
  readonly infoHashV2?: Uint8Array | null;
  readonly peerId: Uint8Array;
  readonly strategy: Strategy;
  /** Winners to keep; 0 keeps all peers. */
  readonly keep: number;
  /** Peers to download from; 0 is no limit. */
  readonly maxPeers: number;
  readonly chokedTimeoutMs: number;
  /** Peers may be nodes of our cluster. */
  readonly cluster?: boolean;
  /** Dial lost peers again. */
  readonly reconnect: boolean;
  /** Peers may connect to us. */
  readonly accepts: boolean;
  /** Exchange peers (BEP 11). */
  readonly pex: boolean;
  /** Meet peers that nobody can dial (BEP 55). */
  readonly holepunch: boolean;
  /** Learn DHT nodes from peers (BEP 5, PORT). */
  readonly dht: boolean;
  readonly onDhtNode?: (host: string, port: number) => void;
  /** Addresses that the user blocked. */
  readonly blocklist: Blocklist | null;
}

export interface Unchoke {
  readonly peer: PeerIndex;
  readonly shard: number;
  readonly at: number;
}

export interface RaceListener {
  /** The first unchoke of the run; `ms` counts from the first address sent to a shard. */
  onFirstUnchoke(unchoke: Unchoke, ms: number): void;
  /** Each time that a peer unchokes us. */
  onUnchoked(peer: PeerIndex): void;
  /** A peer connected to us. */
  onAccepted(peer: PeerIndex): void;
  onFull(pieces: readonly FullPiece[]): void;
  onClosed(outcomes: readonly PeerOutcome[]): void;
  /** The peer sent bad data; its address is banned. */
  onBanned(peer: PeerIndex): void;
  /** A peer has the metadata, or sent or refused a part of it. Only while the torrent is unknown. */
  onMetadataOffer(peer: PeerIndex, bytes: number | null): void;
  onMetadataPart(peer: PeerIndex, part: MetadataPart): void;
  /** Nodes of our cluster, and peers that may be some. */
  onClusterEvent(event: ClusterEvent): void;
  /** Hashes of trees (BEP 52). */
  onHashEvent(event: HashEvent): void;
  /** Peers that want data from us or may request it: of one shard all of them, or some about which there is news. */
  onContenders(peers: readonly Contender[]): void;
  /** A verified piece could not be read to give it to a peer. `code`: of the system. */
  onReadFailed(code: string, path: string): void;
  /** A shard died, and with it the connections to these peers. */
  onPeersLost(isLost: (peer: PeerIndex) => boolean): void;
  /** A shard died; its claims are void. */
  onShardLost(shard: ShardId, error: unknown): void;
  /** A bug that a new thread does not fix. */
  onBug(error: unknown): void;
}
