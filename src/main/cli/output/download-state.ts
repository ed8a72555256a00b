/** What is shown of a running download. */
import type { ShardStats } from '../../../shared/messages.ts';
import { stretchesOf } from '../../download/stretches.ts';
import type { DownloadJob } from '../../session/download-job.ts';
import type { ClusterProgress, DownloadProgress } from '../../session/events.ts';
import type { TorrentRun } from '../../session/torrent-run.ts';
import { clusterText } from './cluster-text.ts';
import type { DownloadState } from './live-view.ts';
import type { ReceivedBytes } from './received-bytes.ts';
import type { TimeLeft } from './time-left.ts';

/** `torrent` has its job. */
export function downloadState(
  torrent: TorrentRun,
  progress: DownloadProgress,
  shown: {
    readonly name: string;
    readonly timeLeft: TimeLeft;
    readonly received: ReceivedBytes;
    readonly cluster: ClusterProgress | null;
  },
): DownloadState {
  const { download, plan } = torrent.job as DownloadJob;
  const { race } = torrent.swarm;
  const { pieces } = download;
  const { bytes: verifiedBytes, totalBytes: wantedBytes, fastest, hashBacklog } = progress;
  const receivedBytes = shown.received.shown(verifiedBytes + progress.pendingBytes);
  const { unchoke, ttfuMs } = race.firsts;
  return {
    name: shown.name,
    verifiedBytes,
    receivedBytes,
    wantedBytes,
    verifiedPieces: pieces.verifiedCount,
    wantedPieces: plan.wanted.reduce((sum, one) => sum + one, 0),
    rate: torrent.figures.rate,
    leftMs: shown.timeLeft.of(wantedBytes - receivedBytes),
    elapsedMs: torrent.sums.ms,
    stretches: (count) => stretchesOf(pieces, count),
    known: race.peers.knownCount,
    peers: progress,
    fastest,
    ttfuMs,
    winner: unchoke === null ? null : race.peers.nameOf(unchoke.peer),
    shards: shardLoads(race.shardStats),
    hashBacklog,
    cluster: shown.cluster === null ? '' : clusterText(shown.cluster),
  };
}

function shardLoads(stats: readonly (ShardStats | null)[]): { peers: number; lagMs: number }[] {
  return stats.map((entry) => ({
    peers: entry === null ? 0 : entry.choked + entry.unchoked,
    lagMs: entry?.lagP99Ms ?? 0,
  }));
}
