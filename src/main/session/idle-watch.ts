/**
 * How long a run has waited for the first unchoke and for the next verified piece. Time in which we check our own disk, or in
 * which the process is suspended, does not count: no peer is silent then.
 */
import type { Clock } from '../../shared/clock.ts';
import { STALLED_TORRENT_MS } from '../../shared/limits.ts';
import { counted, formatTime } from '../text/units.ts';
import type { TorrentSettings } from './settings.ts';

/** Milliseconds; 0 is never. */
export type Patience = Pick<TorrentSettings, 'firstUnchokeTimeout' | 'idleTimeout'>;

/** What a run waits for: the metadata of a magnet link, the hashes of its pieces (BEP 52), or data. */
export type Awaited = 'metadata' | 'hashes' | 'pieces';

const NOTHING: Readonly<Record<Awaited, string>> = {
  metadata: 'no metadata found',
  hashes: 'the hashes of the pieces of this version 2 torrent have not come',
  pieces: 'no piece verified',
};

export class IdleWatch {
  readonly #patience: Patience;
  readonly #clock: Clock;
  #lookedAt: number;
  #waitedMs = 0;
  #idleMs = 0;
  /** In this run. */
  #stalledMs = 0;
  #isBusy = false;

  /** `clock`: lived time. The time counts from the first call of `look`. */
  constructor(patience: Patience, clock: Clock) {
    this.#patience = patience;
    this.#clock = clock;
    this.#lookedAt = clock();
  }

  /** A run that had to yield goes on as another one, which has not stalled yet. What it has waited for counts. */
  goOn(): void {
    this.#lookedAt = this.#clock();
    this.#stalledMs = 0;
    this.#isBusy = false;
  }

  /** Milliseconds without a verified piece. */
  get idleMs(): number {
    return this.#idleMs;
  }

  /**
   * True after a while without a verified piece in this run, in which its memory could have been filled twice at this rate: what
   * arrives is no use. `rate`: bytes per second.
   */
  isStalled(memoryBytes: number, rate: number): boolean {
    const fillMs = rate === 0 ? 0 : (2_000 * memoryBytes) / rate;
    return this.#stalledMs >= STALLED_TORRENT_MS + fillMs;
  }

  /** True: we wait for our own disk and not for a peer, until a call with false. */
  busy(isBusy: boolean): void {
    this.look(false);
    this.#isBusy = isBusy;
  }

  /** A piece was verified. */
  progressed(): void {
    this.#idleMs = 0;
    this.#stalledMs = 0;
  }

  /** Call it several times a second. `counts`: peers may come, so the wait counts. */
  look(counts: boolean): void {
    const now = this.#clock();
    const passed = counts && !this.#isBusy ? now - this.#lookedAt : 0;
    this.#lookedAt = now;
    this.#waitedMs += passed;
    this.#idleMs += passed;
    this.#stalledMs += passed;
  }

  /** What took too long, in words; null if nothing did. `fed`: a peer has unchoked us, or a peer or web seed sent data. */
  overdue(run: { readonly fed: boolean; readonly known: number; readonly awaits: Awaited }): string | null {
    const { firstUnchokeTimeout: firstUnchoke, idleTimeout: idle } = this.#patience;
    if (!run.fed && firstUnchoke > 0 && this.#waitedMs >= firstUnchoke)
      return `no peer unchoked us within ${formatTime(firstUnchoke)} (${counted(run.known, 'peer')} known)`;
    if (idle === 0 || this.#idleMs < idle) return null;
    return `${NOTHING[run.awaits]} for ${formatTime(idle)}`;
  }
}
