/** What a `get` has once its torrent is known: the place that its files go to, and the download. */
import { Download } from '../../download/download.ts';
import type { DownloadListener } from '../../download/download-options.ts';
import { memoryFor } from '../../download/memory.ts';
import type { PeerSession } from '../../session/peer-session.ts';
import { journalKey } from '../../storage/journal-key.ts';
import { OutputPlace } from '../../storage/output-place.ts';
import { storagePlan } from '../../storage/storage-plan.ts';
import { formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import { usableWebSeeds } from '../../torrent/web-seed-files.ts';
import type { GetJob } from '../output/get-output.ts';
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
export async function getJob(
  metainfo: Metainfo,
  selected: ReadonlySet<number> | null,
  { source, settings, context, session, ...options }: GetJobOptions,
): Promise<GetJob> {
  const { console, taken, signal, lanes } = context;
  const { hashers, memory, webseeds, journalKey: keyFile } = settings.session;
  const { output, overwrite, preallocate, sequential } = settings.torrent;
  const plan = storagePlan(metainfo, output, selected);
  taken.take(plan.root, namesOf(source).name);
  const onNews = (text: string): void => console.news(text);
  const key = journalKey(keyFile, onNews);
  const memoryBytes = memoryFor(metainfo.geometry, memory, lanes);
  console.detail(
    `threads: ${session.shards} for peers, ${hashers} to verify and write; memory for pieces: ${formatSize(memoryBytes)}`,
  );
  const place = await OutputPlace.take(plan, { signal, onNews });
  try {
    const download = new Download(
      {
        torrent: session.torrentId,
        metainfo,
        plan,
        files: { place, key, overwrite, preallocate: preallocate === 'full' },
        race: session.race,
        shards: session.shards,
        webSeeds: { urls: webseeds ? usableWebSeeds(metainfo) : [], pool: session.webSeeds },
        storage: session.storage,
        memoryBytes,
        order: sequential ? 'sequential' : 'rarest',
      },
      options.listener,
    );
    return { download, plan, place };
  } catch (error) {
    place.release();
    throw error;
  }
}
