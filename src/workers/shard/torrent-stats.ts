/** The counters of a torrent on its shard, as main gets them. */
import type { TorrentStats } from '../../shared/messages.ts';
import type { Dialler } from '../dialling/dialler.ts';
import type { PeerDriver } from '../peer/peer-driver.ts';
import type { KnownTorrent } from './known-torrent.ts';
import type { PhaseCounts } from './phase-counts.ts';

export function statsOf(
  counts: PhaseCounts,
  { stats }: Dialler,
  { requester, uploads, nodes }: KnownTorrent,
  peers: Iterable<PeerDriver>,
): TorrentStats {
  const { blockBytes, wastedBytes } = requester;
  let withoutPieces = 0;
  for (const { inSession, pieces } of peers) if (inSession && pieces.count === 0) withoutPieces += 1;
  return {
    ...counts.snapshot(),
    ...stats,
    blockBytes,
    wastedBytes,
    nodeBytes: nodes.bytes,
    sentBytes: uploads.sentBytes,
    withoutPieces,
  };
}
