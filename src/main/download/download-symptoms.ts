import type { Shortage } from '../../shared/ledger.ts';

/** The state of a download, for the diagnosis of why it does not go on. */
export interface DownloadSymptoms extends Shortage {
  readonly hasWebSeeds: boolean;
  /** Received bytes that wait for a storage thread or the disk, and the limit. */
  readonly waitingBytes: number;
  readonly memoryBytes: number;
}
