/** What a torrent has once its metadata is known: the place that its files go to, and the download. */
import { Download } from '../download/download.ts';
import type { DownloadListener } from '../download/download-options.ts';
import { memoryFor } from '../download/memory.ts';
import { journalKey } from '../storage/journal-key.ts';
import { OutputPlace } from '../storage/output-place.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { usableWebSeeds } from '../torrent/web-seed-files.ts';
import type { PeerSession } from './peer-session.ts';
import { routeOf, type SessionSettings, type TorrentSettings } from './settings.ts';

export interface DownloadJob {
  readonly download: Download;
  readonly plan: StoragePlan;
  /** Released by the one that ends the download. */
  readonly place: OutputPlace;
}

export interface DownloadJobOptions {
  readonly session: SessionSettings;
  readonly torrent: TorrentSettings;
  readonly peers: PeerSession;
  /** Downloads of this process at one time share the memory. */
  readonly lanes: number;
  /** Ends the wait for another run that writes to the same place. */
  readonly signal: AbortSignal;
  readonly onNews: (text: string) => void;
  readonly listener: DownloadListener;
}

/** Starts the threads that verify and write. Rejects with a Failure for the user. */
export async function downloadJob(
  metainfo: Metainfo,
  plan: StoragePlan,
  { session, torrent, peers, lanes, signal, onNews, listener }: DownloadJobOptions,
): Promise<DownloadJob> {
  const key = journalKey(session.journalKey, onNews);
  const place = await OutputPlace.take(plan, { signal, onNews });
  try {
    const { overwrite, preallocate, sequential } = torrent;
    const download = new Download(
      {
        metainfo,
        plan,
        files: { place, key, overwrite, preallocate: preallocate === 'full' },
        race: peers.race,
        shards: peers.shards,
        webSeeds: { urls: session.webseeds ? usableWebSeeds(metainfo) : [], route: routeOf(session) },
        hashers: session.hashers,
        openFiles: peers.openFiles,
        memoryBytes: memoryFor(metainfo.geometry, session.memory, lanes),
        order: sequential ? 'sequential' : 'rarest',
      },
      listener,
    );
    return { download, plan, place };
  } catch (error) {
    place.release();
    throw error;
  }
}
