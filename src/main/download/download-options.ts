/** What a download needs at its start, and what its listener hears. */
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import type { PickOrder } from '../../shared/messages.ts';
import type { MainWorld } from '../main-world.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import type { WebSeedPool } from '../pools/web-seed-pool.ts';
import type { Race } from '../race/race.ts';
import type { DownloadFilesOptions, FilesListener } from '../storage/download-files.ts';
import type { OutputPlace } from '../storage/output-place.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

export interface DownloadOptions {
  readonly torrent: TorrentId;
  readonly metainfo: Metainfo;
  /** Which pieces are wanted, and where they go. */
  readonly plan: StoragePlan;
  /** Null: pieces are verified and thrown away. */
  readonly files: (DownloadFilesOptions & { readonly place: OutputPlace }) | null;
  /** The race that finds the peers; it may have run for a while. From here on this download listens to it. */
  readonly race: Race;
  readonly shards: number;
  /** URLs of web seeds to fetch from as well, and the thread that does. */
  readonly webSeeds: { readonly urls: readonly string[]; readonly pool: WebSeedPool };
  /** The threads that verify and write, of all torrents; they outlive this download. */
  readonly storage: StoragePool;
  readonly memoryBytes: number;
  readonly order: PickOrder;
  readonly world?: MainWorld;
}

/** A file that a source should have and has not. */
export interface UnavailableFile {
  /** Below the folder of the download, fit to be shown. */
  readonly path: string;
  readonly reason: string;
}

export interface DownloadListener extends FilesListener {
  onVerified(pieces: readonly PieceIndex[]): void;
  onPieceFailed(piece: PieceIndex): void;
  onWebSeedLost(url: string, reason: string): void;
  /** A web seed failed, and is asked again after `ms`. */
  onWebSeedWaits(url: string, reason: string, ms: number): void;
  /** No web seed has this file. Peers may. */
  onFileUnavailable(file: UnavailableFile): void;
  onComplete(): void;
  /** The end of the run: a disk failure, or a bug of ours. */
  onFailure(error: unknown): void;
}
