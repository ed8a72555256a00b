/**
 * Keeps the lock of a job in the queue, and extends the right to write only as far as the lock surely lasts: the server counts from
 * the moment at which it gets the request, and that is later than the moment at which we send it. So the lease ends before the lock,
 * by a third of its time. In this third, a write that began in time comes to its end.
 */
import { Lease, type Moment } from '../../shared/lease.ts';
import { FLEET_LEASE_RENEWALS, FLEET_RENEWALS } from '../../shared/limits.ts';
import type { HeldJob } from './fleet-queue.ts';

/** Of a job that is complete: nobody else gets it. */
const FOR_GOOD_MS = 1e12;

export interface LeaseKeeperOptions {
  readonly job: Pick<HeldJob, 'renew'>;
  readonly lockMs: number;
  readonly now: () => Moment;
  readonly every: (ms: number, work: () => void) => () => void;
  /** Another worker may have the job. Called once. */
  readonly onLost: (reason: string) => void;
}

export class LeaseKeeper {
  readonly lease: Lease;
  readonly #options: LeaseKeeperOptions;
  #end: (() => void) | null = null;
  #isRenewing = false;
  /** The queue is told that the job is complete. Its lock ends with that, so a renewal that finds none says nothing. */
  #isCompleting = false;
  #isKept = false;
  #isLost = false;
  #isStopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.lease = new Lease(Lease.allocate(), options.now);
  }

  /** Resolves to false if the lock is lost already, or nobody waited for it. */
  async begin(): Promise<boolean> {
    await this.#renew();
    if (this.#isLost || this.#isStopped) return false;
    this.#end = this.#options.every(this.#options.lockMs / FLEET_RENEWALS, () => this.#look());
    return true;
  }

  /** Call it before the queue is told that the job is complete. The lock is kept until the queue knows. */
  completing(): void {
    this.#isCompleting = true;
  }

  /** The job is complete in the queue: what is left to write is ours. */
  keepForGood(): void {
    this.stop();
    this.#isKept = true;
    this.lease.extend(this.#options.now(), FOR_GOOD_MS);
  }

  /** No more renewals. */
  stop(): void {
    this.#isStopped = true;
    this.#end?.();
    this.#end = null;
  }

  #look(): void {
    if (this.lease.isOver) return this.#lose('the queue did not confirm the lock in time');
    if (!this.#isRenewing) void this.#renew();
  }

  async #renew(): Promise<void> {
    const { job, lockMs, now } = this.#options;
    this.#isRenewing = true;
    const sent = now();
    try {
      const isOurs = await job.renew();
      if (this.#isKept || (!isOurs && this.#isCompleting)) return;
      if (!isOurs) return this.#lose('the queue gave the job to others');
      if (!this.lease.extend(sent, (lockMs * FLEET_LEASE_RENEWALS) / FLEET_RENEWALS))
        this.#lose('the lock was confirmed too late');
    } catch {
      // The server is away: the lease decides how long that may last.
    } finally {
      this.#isRenewing = false;
    }
  }

  #lose(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.stop();
    this.lease.end();
    this.#options.onLost(reason);
  }
}
