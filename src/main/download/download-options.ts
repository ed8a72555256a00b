/** What a download needs at its start, and its listener. */
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import type { LeaseMemory } from '../../shared/lease.ts';
import type { PickOrder } from '../../shared/messages.ts';
import type { MainWorld } from '../main-world.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import type { WebSeedPool } from '../pools/web-seed-pool.ts';
import type { Race } from '../race/race.ts';
import type { DownloadFilesOptions, FilesListener } from '../storage/download-files-options.ts';
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
  /** The race that finds the peers; it may have run for a while. The download becomes its listener. */
  readonly race: Race;
  readonly shards: number;
  /** URLs of web seeds to fetch from as well, and the pool with their thread. */
  readonly webSeeds: { readonly urls: readonly string[]; readonly pool: WebSeedPool };
  /** The threads that verify and write, for all torrents. They go on after this download. */
  readonly storage: StoragePool;
  readonly memoryBytes: number;
  readonly order: PickOrder;
  /** Nodes of a cluster share the pieces out among them. */
  readonly isShared?: boolean;
  readonly world?: MainWorld;
  /** Once it is over, the storage threads write nothing. */
  readonly lease?: LeaseMemory;
  /** What the blocks of a piece must hash to (BEP 52), if a peer says that in time; null: nobody can be asked. */
  readonly leavesOf?: (piece: PieceIndex) => Promise<Uint8Array | null> | null;
}

/** A file that no source has. */
export interface UnavailableFile {
  /** Below the folder of the download, safe to print. */
  readonly path: string;
  readonly reason: string;
}

export interface DownloadListener extends FilesListener {
  onVerified(pieces: readonly PieceIndex[]): void;
  onPieceFailed(piece: PieceIndex): void;
  onWebSeedLost(url: string, reason: string): void;
  /** A web seed failed and is asked again after `ms`. */
  onWebSeedWaits(url: string, reason: string, ms: number): void;
  /** The search in the files of `reuse` is over: so many bytes of all that are wanted came from there. `isCut`: there are more files than the limits allow. */
  onReused(bytes: number, totalBytes: number, isCut: boolean): void;
  /** No web seed has this file. Peers may have it. */
  onFileUnavailable(file: UnavailableFile): void;
  onComplete(): void;
  /** The run ended with a disk failure or a bug of ours. */
  onFailure(error: unknown): void;
}
