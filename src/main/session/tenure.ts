/** What a job of a queue gives to a run of its torrent: whether and how long it may write, and which try of the job it is. */
import type { LeaseMemory } from '../../shared/lease.ts';
import type { Fence } from '../storage/lock-owner.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

export interface Tenure {
  readonly lease: LeaseMemory;
  readonly fence: Fence;
  /** The torrent is known, and nothing is written before this resolves. It interrupts the run if another job does the torrent. */
  readonly admit: (metainfo: Metainfo) => Promise<void>;
}
