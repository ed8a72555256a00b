import type { Shortage } from '../../shared/ledger.ts';

/** What can be seen of a download at one moment, when it is asked why it does not go on. */
export interface DownloadSymptoms extends Shortage {
  readonly hasWebSeeds: boolean;
  /** Received bytes that wait for a storage thread or the disk, and the limit. */
  readonly waitingBytes: number;
  readonly memoryBytes: number;
}
