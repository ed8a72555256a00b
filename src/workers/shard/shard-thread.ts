/** What a shard's thread has for all torrents on it, as one of them sees it. */
import type { ShardTask } from '../../shared/messages.ts';
import type { DialTurns } from '../dialling/dial-turns.ts';
import type { EarlyBudget } from '../peer/early-pieces.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { PhaseCounts } from './phase-counts.ts';
import type { ShardWorld } from './shard-world.ts';
import type { TickSlices } from './tick-slices.ts';
import type { TorrentPeers } from './torrent-peers.ts';

export interface ShardThread {
  readonly task: ShardTask<unknown>;
  readonly world: ShardWorld;
  readonly turns: DialTurns;
  readonly earlyBudget: EarlyBudget;
  /** The tick of single peers. */
  readonly slices: TickSlices;
  /** Peers by phase, of all torrents. */
  readonly counts: PhaseCounts;
  /** It ends: no peer is dialled again. */
  readonly stopping: boolean;
  /** What throws in a callback of a socket is a bug of ours and ends the shard, knowingly. */
  guard(work: () => void): void;
  /** The torrent has something to do at the next tick. */
  wake(torrent: TorrentPeers): void;
  /** A socket more, or one less. */
  opened(change: 1 | -1): void;
  /** It connected to us. */
  isIncoming(peer: PeerDriver): boolean;
  /** A peer is gone; true if it had connected to us. */
  peerLeft(peer: PeerDriver): boolean;
}
