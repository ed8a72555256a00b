/** What a job of a queue gives to a run of its torrent: how long it may write, and which try of the job it is. */
import type { LeaseMemory } from '../../shared/lease.ts';
import type { Fence } from '../storage/output-lock.ts';

export interface Tenure {
  readonly lease: LeaseMemory;
  readonly fence: Fence;
}
