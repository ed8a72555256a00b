/** The download of a `get`, once its torrent is known: no two sources may have the same place. */
import type { DownloadListener } from '../../download/download-options.ts';
import { memoryFor } from '../../download/memory.ts';
import { type DownloadJob, downloadJob } from '../../session/download-job.ts';
import type { TorrentSwarm } from '../../session/torrent-swarm.ts';
import { storagePlan } from '../../storage/storage-plan.ts';
import { formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import type { GetSettings } from '../settings-from-flags.ts';
import type { GetContext } from './get-context.ts';

export interface GetJobOptions {
  readonly source: Source;
  readonly settings: GetSettings;
  readonly context: GetContext;
  readonly swarm: TorrentSwarm;
  readonly listener: DownloadListener;
}

/** `selected`: the indices of the wanted files; null for all. Rejects with a Failure for the user. */
export function getJob(
  metainfo: Metainfo,
  selected: ReadonlySet<number> | null,
  { source, settings, context, swarm, listener }: GetJobOptions,
): Promise<DownloadJob> {
  const { console, taken, signal, session } = context;
  const { torrent } = settings;
  const plan = storagePlan(metainfo, torrent.output, selected);
  taken.take(plan.root, namesOf(source).name);
  const memory = formatSize(memoryFor(metainfo.geometry, session.settings.memory, session.use.torrents));
  console.detail(
    `threads: ${session.settings.shards} for peers, ${session.settings.hashers} to verify and write; memory for pieces: ${memory}`,
  );
  const onNews = (text: string): void => console.news(text);
  return downloadJob(metainfo, plan, { torrent, swarm, signal, onNews, listener });
}
