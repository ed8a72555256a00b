/** The download of a `get`, once its torrent is known: no two sources may have the same place. */
import type { DownloadListener } from '../../download/download-options.ts';
import { memoryFor } from '../../download/memory.ts';
import { type DownloadJob, downloadJob } from '../../session/download-job.ts';
import type { PeerSession } from '../../session/peer-session.ts';
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
  readonly session: PeerSession;
  readonly listener: DownloadListener;
}

/** `selected`: the indices of the wanted files; null for all. Rejects with a Failure for the user. */
export function getJob(
  metainfo: Metainfo,
  selected: ReadonlySet<number> | null,
  { source, settings, context, session: peers, listener }: GetJobOptions,
): Promise<DownloadJob> {
  const { console, taken, signal, lanes } = context;
  const { session, torrent } = settings;
  const plan = storagePlan(metainfo, torrent.output, selected);
  taken.take(plan.root, namesOf(source).name);
  const memory = formatSize(memoryFor(metainfo.geometry, session.memory, lanes));
  console.detail(
    `threads: ${peers.shards} for peers, ${session.hashers} to verify and write; memory for pieces: ${memory}`,
  );
  const onNews = (text: string): void => console.news(text);
  return downloadJob(metainfo, plan, { session, torrent, peers, lanes, signal, onNews, listener });
}
