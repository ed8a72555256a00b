/**
 * How long a run has waited in vain: for the first unchoke, and for the next verified piece. What passes while we look at our
 * own disk, or while the process stands still, is nobody's silence and does not count.
 */
import type { Clock } from '../../shared/clock.ts';
import { formatDuration } from '../text/units.ts';
import type { TorrentSettings } from './settings.ts';

/** Milliseconds; 0 is never. */
export type Patience = Pick<TorrentSettings, 'firstUnchokeTimeout' | 'idleTimeout'>;

export class IdleWatch {
  readonly #patience: Patience;
  readonly #clock: Clock;
  #lookedAt: number;
  #waitedMs = 0;
  #idleMs = 0;
  #isBusy = false;

  /** `clock`: lived time. It counts from the first look on. */
  constructor(patience: Patience, clock: Clock) {
    this.#patience = patience;
    this.#clock = clock;
    this.#lookedAt = clock();
  }

  /** Milliseconds without a verified piece. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /** We wait for our own disk, and for no peer; until this is taken back. */
  busy(isBusy: boolean): void {
    this.look(false);
    this.#isBusy = isBusy;
  }

  /** A piece was verified. */
  progressed(): void {
    this.#idleMs = 0;
  }

  /** To be called several times a second. `counts`: peers may come, so that their absence means something. */
  look(counts: boolean): void {
    const now = this.#clock();
    const passed = counts && !this.#isBusy ? now - this.#lookedAt : 0;
    this.#lookedAt = now;
    this.#waitedMs += passed;
    this.#idleMs += passed;
  }

  /** What was waited for too long, in words; null while there is patience. `fed`: a peer has unchoked us, or somebody gave data. */
  overdue(run: {
    readonly fed: boolean;
    readonly known: number;
    readonly searching: boolean;
  }): string | null {
    const { firstUnchokeTimeout: firstUnchoke, idleTimeout: idle } = this.#patience;
    if (!run.fed && firstUnchoke > 0 && this.#waitedMs >= firstUnchoke)
      return `no peer unchoked us within ${formatDuration(firstUnchoke)} (${run.known} peers known)`;
    if (idle === 0 || this.#idleMs < idle) return null;
    return `${run.searching ? 'no metadata found' : 'no piece verified'} for ${formatDuration(idle)}`;
  }
}
