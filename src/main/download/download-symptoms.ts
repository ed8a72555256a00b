import type { Shortage } from '../../shared/ledger.ts';

/** What can be seen of a download at one moment, when it is asked why it does not go on. */
export interface DownloadSymptoms extends Shortage {
  readonly hasWebSeeds: boolean;
  /** Bytes that were received and wait for a hasher or the disk, and how many may. */
  readonly waitingBytes: number;
  readonly memoryBytes: number;
}
