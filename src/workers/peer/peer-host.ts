/** What a peer's driver needs of the shard that it lives in. */
import type { Clock } from '../../shared/clock.ts';
import type { TorrentEvent } from '../../shared/messages.ts';
import type { Requester } from '../requests/requester.ts';
import type { SwarmCount } from '../shard/swarm-count.ts';
import type { WantedPieces } from '../shard/wanted-pieces.ts';
import type { WorkingPeers } from '../shard/working-peers.ts';
import type { Transport } from '../transport/transport.ts';
import type { EarlyBudget } from './early-pieces.ts';
import type { Greetings, Identity, Offer } from './greeting.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { PeerState, Tick } from './peer-state.ts';

/** What a peer says that concerns more than its shard. */
export type PeerNews = Extract<
  TorrentEvent,
  { type: 'metadata-offer' | 'metadata-part' | 'peers-told' | 'dht-node' }
>;

export interface PeerHost {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly requester: Requester;
  readonly identity: Identity;
  readonly greetings: Greetings;
  readonly offer: Offer;
  /** Null while the torrent is unknown, as with a magnet link at first. */
  readonly pieceCount: number | null;
  /** The info dictionary, once it is known. */
  readonly info: Uint8Array | null;
  readonly earlyBudget: EarlyBudget;
  /** The shard's part of the next tick's input. */
  readonly deadlines: Pick<Tick, 'connectTimeoutMs' | 'chokedTimeoutMs' | 'slotNeeded' | 'exchangeTimeoutMs'>;
  /** The one door for callbacks of sockets: what throws behind it is a bug of ours and ends the shard, knowingly. */
  guard(work: () => void): void;
  readonly swarm: SwarmCount;
  readonly wanted: WantedPieces;
  readonly working: WorkingPeers;
  onPhase(peer: PeerDriver, before: PeerState, after: PeerState): void;
  onMilestone(peer: PeerDriver, milestone: 'connected' | 'unchoked'): void;
  onFirstBlock(peer: PeerDriver): void;
  /** What main should know at once. */
  tell(event: PeerNews): void;
  onShortage(peer: PeerDriver, code: string): void;
}
