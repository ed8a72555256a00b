/** Work of one torrent that waits for storage threads: its full pieces, or a scan of what is on disk. */
import type { TorrentId } from '../../shared/indices.ts';
import type { StorageResult, StorageTask } from '../../shared/storage-messages.ts';

/** Full pieces hold slots, and without free slots peers cannot send. A scan holds nothing. */
export type LineKind = 'pieces' | 'scan';

/** A task for a thread. Exactly one of the two functions is called. */
export interface StorageJob {
  readonly task: StorageTask;
  done(result: StorageResult): void;
  /** The thread died and changed nothing that matters: the task is done again. */
  giveBack(): void;
}

export interface StorageLine {
  readonly torrent: TorrentId;
  readonly kind: LineKind;
  /** True if it has a task for a thread. */
  readonly waits: boolean;
  /** The next job. Call it only if one waits. */
  take(): StorageJob;
  /** Too many threads died: no more work is done. Called once. */
  fail(error: unknown): void;
}
