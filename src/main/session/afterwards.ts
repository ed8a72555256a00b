/** What happens with a torrent that is complete: it is given to peers as the user wants, and to the nodes of its cluster that need it. */
import type { Cluster } from '../cluster/cluster.ts';
import type { Download } from '../download/download.ts';
import { Failure } from '../failure.ts';
import type { RunSums } from './run-sums.ts';
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
  readonly earlier: RunSums | undefined;
}

/** `failure` resolves when that is over: nodes that the user waits for are not complete. */
export function afterwards(
  { cluster, download, ...options }: AfterwardsOptions,
  signal: AbortSignal,
): { readonly seeding: Seeding; readonly failure: Promise<Failure | null> } {
  const mayEnd = cluster === null ? {} : { mayEnd: () => cluster.mayLeave };
  const { isCompleted, wanted: bytes } = download.bytes;
  if (isCompleted) options.swarm.discovery.completed();
  const seeding = new Seeding({ ...options, bytes, ...mayEnd });
  cluster?.completed();
  const failure = seeding.run(signal).then(() => {
    const why = cluster?.failure ?? null;
    return why === null ? null : new Failure(signal.aborted ? 'interrupted' : 'timeout', why);
  });
  return { seeding, failure };
}
