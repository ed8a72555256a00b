/** What a peer's driver needs from its shard. */
import type { Clock } from '../../shared/clock.ts';
import type { ClusterEvent } from '../../shared/cluster-messages.ts';
import type { HashEvent } from '../../shared/hash-messages.ts';
import type { TorrentEvent } from '../../shared/messages.ts';
import type { PieceSide } from '../../shared/reserved-pieces.ts';
import type { Requester } from '../requests/requester.ts';
import type { SwarmCount } from '../shard/swarm-count.ts';
import type { WantedPieces } from '../shard/wanted-pieces.ts';
import type { WorkingPeers } from '../shard/working-peers.ts';
import type { Transport } from '../transport/transport.ts';
import type { Uploads } from '../uploads/served-peer.ts';
import type { HolepunchMessage } from '../wire/holepunch-message.ts';
import type { EarlyBudget } from './early-pieces.ts';
import type { Greetings, Offer } from './greeting.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { PeerState, Tick } from './peer-state.ts';

/** News from a peer that main must know. */
export type PeerNews =
  | Extract<TorrentEvent, { type: 'metadata-offer' | 'metadata-part' | 'peers-told' | 'dht-node' }>
  | ClusterEvent
  | HashEvent;

/** What is known of the torrent of the peer. */
export interface PeerTorrent {
  /** Null while the torrent is unknown, as with a magnet link at first. */
  readonly pieceCount: number | null;
  /** The info dictionary, once it is known. */
  readonly info: Uint8Array | null;
  readonly offer: Offer;
  readonly requester: Requester;
  readonly uploads: Uploads;
  /** We have everything and want nothing. */
  readonly isSeed: boolean;
  /** It is a node of our cluster, or may prove that soon. */
  mayBeNode(peer: PeerDriver): boolean;
  /** False if it is for another node of the cluster to take the piece from there. */
  mayComeFrom(side: PieceSide, piece: number): boolean;
  /** The peer says that it has this piece, which it had not said before. */
  peerHas(peer: PeerDriver, piece: number): void;
  readonly wanted: WantedPieces;
  readonly swarm: SwarmCount;
}

export interface PeerHost {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly torrent: PeerTorrent;
  readonly greetings: Greetings;
  readonly earlyBudget: EarlyBudget;
  /** The shard's part of the next tick. */
  readonly deadlines: Pick<Tick, 'connectTimeoutMs' | 'chokedTimeoutMs' | 'slotNeeded' | 'exchangeTimeoutMs'>;
  /** The guard for socket callbacks: an exception in it is our bug and ends the shard on purpose. */
  guard(work: () => void): void;
  readonly working: WorkingPeers;
  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): void;
  onMilestone(peer: PeerDriver, milestone: 'connected' | 'unchoked'): void;
  onFirstBlock(peer: PeerDriver): void;
  /** Sends news to main at once. */
  tell(event: PeerNews): void;
  /** BEP 55. */
  onHolepunch(peer: PeerDriver, message: HolepunchMessage): void;
  onShortage(peer: PeerDriver, code: string): void;
}
