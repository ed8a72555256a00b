/** What the requests and uploads of a torrent need of its thread. */
import type { PeerIndex } from '../../shared/indices.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { RequestSetup } from './known-torrent.ts';
import type { Outbox } from './outbox.ts';
import type { ShardThread } from './shard-thread.ts';
import type { TorrentPeers } from './torrent-peers.ts';

/** `peers`: of the torrent on this thread. */
export function requestSetup(
  torrent: TorrentPeers,
  peers: ReadonlyMap<PeerIndex, PeerDriver>,
  thread: ShardThread,
  outbox: Outbox,
): RequestSetup {
  const { world, task, pace, uploads } = thread;
  return {
    ...world,
    shard: task.shard,
    pace,
    onFull: (full: FullPiece): void => outbox.full(full),
    uploadsOf: uploads.entrance(outbox, {
      ...{ infoHash: torrent.names.infoHash, peers: () => peers.values() },
      guard: (work) => torrent.guard(work),
      wake: () => thread.wake(torrent),
    }),
  };
}
