/** Work of one torrent that waits for storage threads: its full pieces, or a scan of what is on disk. */
import type { TorrentId } from '../../shared/indices.ts';
import type { StorageResult, StorageTask } from '../../shared/storage-messages.ts';

/** Full pieces hold slots, without which peers cannot send. A scan holds nothing. */
export type LineKind = 'pieces' | 'scan';

/** A task on its way. Exactly one of the two is called. */
export interface StorageJob {
  readonly task: StorageTask;
  done(result: StorageResult): void;
  /** The thread died under it, and changed nothing that matters: the task is to be had again. */
  giveBack(): void;
}

export interface StorageLine {
  readonly torrent: TorrentId;
  readonly kind: LineKind;
  /** It has a task for a thread. */
  readonly waits: boolean;
  /** The next job; only where one waits. */
  take(): StorageJob;
  /** Too many threads died: nothing is done any more. Heard once. */
  fail(error: unknown): void;
}
