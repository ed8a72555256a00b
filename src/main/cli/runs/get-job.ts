/** What a `get` has once its torrent is known: the place that its files go to, and the download. */
import type { Route } from '../../../shared/http-visitor.ts';
import type { TorrentId } from '../../../shared/indices.ts';
import { Download } from '../../download/download.ts';
import type { DownloadListener } from '../../download/download-options.ts';
import { defaultMemory } from '../../download/memory.ts';
import type { StoragePool } from '../../pools/storage-pool.ts';
import type { PeerSession } from '../../session/peer-session.ts';
import { journalKey } from '../../storage/journal-key.ts';
import { OutputPlace } from '../../storage/output-place.ts';
import { storagePlan } from '../../storage/storage-plan.ts';
import { formatSize } from '../../text/units.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import { usableWebSeeds } from '../../torrent/web-seed-files.ts';
import type { GetFlags } from '../commands/get-flags.ts';
import type { GetJob } from '../output/get-output.ts';
import type { GetContext } from './get-context.ts';

/** A run has one torrent. */
const ONLY_TORRENT = 1 as TorrentId;

export interface GetJobOptions {
  readonly source: Source;
  readonly flags: GetFlags;
  readonly context: GetContext;
  readonly session: PeerSession;
  readonly route: Route;
  readonly storage: StoragePool;
  /** Null: what suits the torrent. */
  readonly memoryBytes: number | null;
  readonly listener: DownloadListener;
}

/** `selected`: the indices of the wanted files; null for all. Rejects with a Failure for the user. */
export async function getJob(
  metainfo: Metainfo,
  selected: ReadonlySet<number> | null,
  { source, flags, context, session, ...options }: GetJobOptions,
): Promise<GetJob> {
  const { console, taken, signal } = context;
  const plan = storagePlan(metainfo, flags.output, selected);
  taken.take(plan.root, namesOf(source).name);
  const onNews = (text: string): void => console.news(text);
  const key = journalKey(flags.journalKey, onNews);
  const memoryBytes = options.memoryBytes ?? defaultMemory(metainfo.geometry);
  console.detail(
    `threads: ${session.shards} for peers, ${options.storage.threads} to verify and write; memory for pieces: ${formatSize(memoryBytes)}`,
  );
  const place = await OutputPlace.take(plan, { signal, onNews });
  try {
    const download = new Download(
      {
        metainfo,
        plan,
        files: { place, key, overwrite: flags.overwrite, preallocate: flags.preallocate === 'full' },
        race: session.race,
        shards: session.shards,
        webSeeds: { urls: flags.webseeds ? usableWebSeeds(metainfo) : [], route: options.route },
        torrent: ONLY_TORRENT,
        storage: options.storage,
        memoryBytes,
        order: flags.sequential ? 'sequential' : 'rarest',
      },
      options.listener,
    );
    return { download, plan, place };
  } catch (error) {
    place.release();
    throw error;
  }
}
