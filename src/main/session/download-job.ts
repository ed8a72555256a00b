/** What a torrent has once its metadata is known: the place that its files go to, and the download. */
import { Download } from '../download/download.ts';
import type { DownloadListener } from '../download/download-options.ts';
import { memoryFor } from '../download/memory.ts';
import { journalKey } from '../storage/journal-key.ts';
import { OutputPlace } from '../storage/output-place.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { usableWebSeeds } from '../torrent/web-seed-files.ts';
import type { TorrentSettings } from './settings.ts';
import type { TorrentSwarm } from './torrent-swarm.ts';

export interface DownloadJob {
  readonly download: Download;
  readonly plan: StoragePlan;
  /** Released by the one that ends the download. */
  readonly place: OutputPlace;
}

export interface DownloadJobOptions {
  readonly torrent: TorrentSettings;
  readonly swarm: TorrentSwarm;
  /** Ends the wait for another run that writes to the same place. */
  readonly signal: AbortSignal;
  readonly onNews: (text: string) => void;
  readonly listener: DownloadListener;
}

/** Starts the threads that verify and write. Rejects with a Failure for the user. */
export async function downloadJob(
  metainfo: Metainfo,
  plan: StoragePlan,
  { torrent, swarm, signal, onNews, listener }: DownloadJobOptions,
): Promise<DownloadJob> {
  const { session, race } = swarm;
  const { settings } = session;
  const key = journalKey(settings.journalKey, onNews);
  const place = await OutputPlace.take(plan, { signal, onNews });
  try {
    const { overwrite, preallocate, sequential } = torrent;
    const download = new Download(
      {
        metainfo,
        plan,
        files: { place, key, overwrite, preallocate: preallocate === 'full' },
        race,
        shards: settings.shards,
        torrent: race.torrent,
        webSeeds: { urls: settings.webseeds ? usableWebSeeds(metainfo) : [], pool: session.webSeeds },
        storage: session.storage,
        memoryBytes: memoryFor(metainfo.geometry, settings.memory, session.use.torrents),
        order: sequential ? 'sequential' : 'rarest',
        world: session.world,
      },
      listener,
    );
    return { download, plan, place };
  } catch (error) {
    place.release();
    throw error;
  }
}
