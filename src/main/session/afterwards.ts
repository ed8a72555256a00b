/** What happens with a torrent that is complete: it is given to peers as the user wants, and to the nodes of its cluster that need it. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Download } from '../download/download.ts';
import { Failure } from '../failure.ts';
import { Seeding } from './seeding.ts';
import type { SeedGoals } from './settings.ts';
import type { TorrentListeners } from './torrent-listener.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface AfterwardsOptions {
  readonly swarm: TorrentSwarm;
  readonly goals: SeedGoals | null;
  readonly cluster: Cluster | null;
  readonly listeners: TorrentListeners;
  readonly download: Pick<Download, 'bytes'>;
}

/** Returns when that is over. `failure`: nodes that the user waits for are not complete. */
export async function afterwards(
  { cluster, download, ...options }: AfterwardsOptions,
  signal: AbortSignal,
): Promise<{ readonly seeding: Seeding; readonly failure: Failure | null }> {
  const mayEnd = cluster === null ? {} : { mayEnd: () => cluster.mayLeave };
  const { isCompleted, wanted: bytes } = download.bytes;
  if (isCompleted) options.swarm.discovery.completed();
  const seeding = new Seeding({ ...options, bytes, ...mayEnd });
  cluster?.completed();
  await seeding.run(signal);
  const why = cluster?.failure ?? null;
  const code = signal.aborted ? 'interrupted' : 'timeout';
  return { seeding, failure: why === null ? null : new Failure(code, why) };
}
