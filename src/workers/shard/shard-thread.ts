/** What one torrent sees of its shard's thread, which all torrents share. */
import type { HostPort } from '../../shared/compact-peers.ts';
import type { ShardTask, TransportKind } from '../../shared/messages.ts';
import type { DialTurns } from '../dialling/dial-turns.ts';
import type { EarlyBudget } from '../peer/early-pieces.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { RequestPace } from '../requests/request-pace.ts';
import type { ShardUploads } from '../uploads/shard-uploads.ts';
import type { PhaseCounts } from './phase-counts.ts';
import type { ShardWorld } from './shard-world.ts';
import type { TickSlices } from './tick-slices.ts';
import type { TorrentPeers } from './torrent-peers.ts';

export interface ShardThread {
  readonly task: ShardTask<unknown>;
  readonly world: ShardWorld;
  readonly turns: DialTurns;
  readonly earlyBudget: EarlyBudget;
  readonly uploads: ShardUploads;
  /** Of requests, within the download limit. */
  readonly pace: RequestPace;
  /** The tick of single peers. */
  readonly slices: TickSlices;
  /** Peers by phase, of all torrents. */
  readonly counts: PhaseCounts;
  /** Null if peers do not reach us. */
  readonly listeningPort: number | null;
  /** The port of the router that leads there, for IPv4 peers of other networks; null if there is none. */
  readonly routerPort: number | null;
  /** Anybody can dial us. */
  readonly isOpen: boolean;
  /** There is a socket for one more peer. */
  readonly hasRoom: boolean;
  /** The shard ends: no peer is dialled again. */
  readonly stopping: boolean;
  /** A peer connected to us. */
  reachedBy(from: HostPort, over: TransportKind): void;
  /** Runs a callback of a socket. If it throws, that is a bug of ours, and the shard ends with it. */
  guard(work: () => void): void;
  /** The torrent has something to do at the next tick. */
  wake(torrent: TorrentPeers): void;
  /** The torrent has got another info hash (BEP 52). */
  named(torrent: TorrentPeers): void;
  /** One socket was opened (1) or closed (-1). */
  opened(change: 1 | -1): void;
  /** True if the peer connected to us. */
  isIncoming(peer: PeerDriver): boolean;
  /** A peer has closed. Returns true if it had connected to us. */
  peerLeft(peer: PeerDriver): boolean;
}
