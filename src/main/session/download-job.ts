/** What a torrent has after its files are known: memory for pieces, the place of its files, and the download. */
import { Lease } from '../../shared/lease.ts';
import { Download } from '../download/download.ts';
import type { DownloadListener } from '../download/download-options.ts';
import { defaultMemory } from '../download/memory.ts';
import { absolutePath } from '../files/absolute-path.ts';
import { journalKey } from '../storage/journal-key.ts';
import { leasedFiles } from '../storage/leased-files.ts';
import { OutputPlace } from '../storage/output-place.ts';
import { Reuse } from '../storage/reuse/reuse.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { PlainFileParts } from '../torrent/plain-file-parts.ts';
import { usableWebSeeds } from '../torrent/web-seed-files.ts';
import type { MemoryShare } from './memory-budget.ts';
import type { SessionWorld } from './session-world.ts';
import type { TorrentSettings } from './settings.ts';
import type { Tenure } from './tenure.ts';
import { type SwarmListener, type TorrentSwarm, UNKNOWN_LEFT_BYTES } from './torrent-swarm.ts';

export interface DownloadJob {
  readonly download: Download;
  readonly plan: StoragePlan;
  /** Memory for pieces. */
  readonly memory: Pick<MemoryShare, 'bytes' | 'offer'>;
  /** Frees the memory for others: nothing more is downloaded. */
  free(): void;
  /** Frees the place and the memory for others. Call it after the download has stopped. */
  release(): void;
  /** Stops the download, and frees all. */
  abandon(): Promise<void>;
}

/** From HTTP servers so far. */
export function fetchedBytes(job: DownloadJob | null): number {
  const { webSeeds = null, files = null } = job?.download ?? {};
  return (webSeeds?.bytes ?? 0) + (files?.repairBytes ?? 0);
}

/** What trackers hear. */
export function trackerCounts(job: DownloadJob | null): ReturnType<SwarmListener['progress']> {
  const { bytes, webSeeds = null } = job?.download ?? {};
  return {
    downloaded: bytes?.downloaded ?? 0,
    left: bytes?.left ?? UNKNOWN_LEFT_BYTES,
    fetched: webSeeds?.bytes ?? 0,
  };
}

export interface DownloadJobOptions {
  readonly torrent: TorrentSettings;
  readonly swarm: TorrentSwarm;
  /** Ends two waits: for memory, and for another run that writes to the same place. */
  readonly signal: AbortSignal;
  /** Called when the memory is granted. */
  readonly onMemory: () => void;
  readonly onNews: (text: string) => void;
  /** Of a job of a queue: nothing is written once it is over. */
  readonly tenure: Tenure | null;
  readonly listener: DownloadListener;
}

/** Waits for memory. Rejects with a Failure for the user. */
export async function downloadJob(
  metainfo: Metainfo,
  plan: StoragePlan,
  { torrent, swarm, signal, onMemory, onNews, tenure, listener }: DownloadJobOptions,
): Promise<DownloadJob> {
  const { session, race } = swarm;
  const { settings } = session;
  const wanted = settings.memory ?? defaultMemory(metainfo.geometry, session.downloading);
  const memory = await session.memory.take(metainfo.geometry, wanted, signal);
  onMemory();
  let place: OutputPlace | null = null;
  let isFree = false;
  const free = (): void => {
    if (!isFree) memory.release();
    isFree = true;
  };
  const release = (): void => {
    try {
      place?.release();
    } finally {
      free();
    }
  };
  try {
    const { world: outside } = session;
    const world = tenure === null ? outside : leased(outside, tenure);
    const { overwrite, preallocate, sequential } = torrent;
    const folders = torrent.reuse.map(absolutePath);
    const reuse = folders.length === 0 ? null : new Reuse({ folders, metainfo, plan, world });
    const key = journalKey(settings.journalKey, onNews, outside.files);
    place = await OutputPlace.take(
      plan,
      { signal, onNews, fence: tenure?.fence ?? null },
      world,
      outside.files,
    );
    const urls = settings.webseeds ? usableWebSeeds(metainfo) : [];
    const { later } = world;
    const limit = settings.downloadLimit;
    const parts = PlainFileParts.of(metainfo, urls[0], { http: session.http, later, limit, signal });
    const download = new Download(
      {
        metainfo,
        plan,
        files: { place, key, overwrite, preallocate: preallocate === 'full', reuse, parts },
        race,
        shards: settings.shards,
        torrent: race.torrent,
        webSeeds: { urls, pool: session.webSeeds },
        storage: session.storage,
        memoryBytes: memory.bytes,
        order: sequential ? 'sequential' : 'rarest',
        isShared: torrent.cluster !== null,
        world,
        ...(tenure === null ? {} : { lease: tenure.lease }),
        leavesOf: (piece) => swarm.knowledge.leavesOf(piece),
      },
      listener,
    );
    const abandon = (): Promise<void> => download.stop().finally(release);
    return { download, plan, memory, free, release, abandon };
  } catch (error) {
    release();
    throw error;
  }
}

function leased(outside: SessionWorld, { lease }: Tenure): SessionWorld {
  return { ...outside, files: leasedFiles(outside.files, new Lease(lease)) };
}
