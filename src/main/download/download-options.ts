/** What a download is told at its start, and whom it tells. */
import type { Route } from '../../shared/http-visitor.ts';
import type { PeerIndex, PieceIndex, TorrentId } from '../../shared/indices.ts';
import type { PeerOutcome, PickOrder } from '../../shared/messages.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import type { Race } from '../race/race.ts';
import type { Unchoke } from '../race/race-options.ts';
import type { DownloadFilesOptions, FilesListener } from '../storage/download-files.ts';
import type { OutputPlace } from '../storage/output-place.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

export interface DownloadOptions {
  readonly metainfo: Metainfo;
  /** Which pieces are wanted, and where they go. */
  readonly plan: StoragePlan;
  /** Null: pieces are verified and thrown away. */
  readonly files: (DownloadFilesOptions & { readonly place: OutputPlace }) | null;
  /** The race that finds the peers; it may have run for a while. From here on this download listens to it. */
  readonly race: Race;
  readonly shards: number;
  /** URLs of web seeds to fetch from as well, and how to reach them. */
  readonly webSeeds: { readonly urls: readonly string[]; readonly route: Route };
  readonly torrent: TorrentId;
  /** The threads that verify and write, of all torrents; they outlive this download. */
  readonly storage: StoragePool;
  readonly memoryBytes: number;
  readonly order: PickOrder;
}

/** A file that a source should have and has not. */
export interface UnavailableFile {
  /** Below the folder of the download, fit to be shown. */
  readonly path: string;
  readonly reason: string;
}

export interface DownloadListener extends FilesListener {
  onFirstUnchoke(unchoke: Unchoke, ms: number): void;
  onClosed(outcomes: readonly PeerOutcome[]): void;
  onBanned(peer: PeerIndex): void;
  onVerified(pieces: readonly PieceIndex[]): void;
  onPieceFailed(piece: PieceIndex): void;
  onWebSeedLost(url: string, reason: string): void;
  /** A web seed failed, and is asked again after `ms`. */
  onWebSeedWaits(url: string, reason: string, ms: number): void;
  /** No web seed has this file. Peers may. */
  onFileUnavailable(file: UnavailableFile): void;
  onShardLost(error: unknown): void;
  onComplete(): void;
  /** The end of the run: a disk failure, or a bug of ours. */
  onFailure(error: unknown): void;
}
