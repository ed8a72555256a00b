/** How fast a run comes in, and whether another web seed should have what is left of it. */
import {
  BLOCK_BYTES,
  ENDGAME_SILENCE_MS,
  ENDGAME_SLACK_MS,
  SLOW_OWNER_MS,
  SLOW_OWNER_REST_MS,
  WEB_SEED_RUN_BYTES,
  WEB_SEED_RUN_S,
} from '../../shared/limits.ts';

export class Pace {
  readonly #begun: number;
  readonly #from: number;
  #at: number;
  #movedAt: number;
  #blockAt: number;

  constructor(now: number, at: number) {
    this.#begun = now;
    this.#from = at;
    this.#at = at;
    this.#movedAt = now;
    this.#blockAt = now;
  }

  /** The run has come this far. */
  saw(now: number, at: number): void {
    if (at === this.#at) return;
    if (Math.floor(at / BLOCK_BYTES) !== Math.floor(this.#at / BLOCK_BYTES)) this.#blockAt = now;
    this.#at = at;
    this.#movedAt = now;
  }

  /** Bytes per second; null while it is too early to say. */
  rate(now: number): number | null {
    if (now - this.#movedAt >= SLOW_OWNER_MS) return 0;
    const ms = now - this.#begun;
    return ms < ENDGAME_SILENCE_MS ? null : ((this.#at - this.#from) * 1_000) / ms;
  }

  /** The rate of a run that is over. */
  finalRate(now: number): number {
    return ((this.#at - this.#from) * 1_000) / Math.max(1, now - this.#begun);
  }

  get hasMoved(): boolean {
    return this.#at !== this.#from;
  }

  /** Milliseconds since the last byte. */
  silentMs(now: number): number {
    return now - this.#movedAt;
  }

  /** Milliseconds since a block came whole. */
  blocklessMs(now: number): number {
    return now - this.#blockAt;
  }
}

/**
 * Whether a web seed with nothing to do takes over `leftBytes` from one that fetches them at `rate`: only where it is known to
 * be twice as fast, so that two slow ones do not take turns. One that was never tried may help where next to nothing comes.
 */
export function shouldTakeOver(leftBytes: number, rate: number | null, helperRate: number | null): boolean {
  if (rate === null) return false;
  const leftMs = (leftBytes * 1_000) / rate;
  return helperRate === null
    ? leftMs > SLOW_OWNER_REST_MS
    : leftMs > ENDGAME_SLACK_MS && helperRate > 2 * rate;
}

/**
 * Pieces of the next run. One at first; then about as much as the web seed sends in two seconds: a slow server must not hold
 * much. Towards the end runs become short, so that the last bytes come over all connections.
 */
export function runPieces(
  rate: number | null,
  pieceLength: number,
  missingPieces: number,
  connections: number,
): number {
  const bytes = Math.min(WEB_SEED_RUN_BYTES, (rate ?? 0) * WEB_SEED_RUN_S);
  return Math.min(
    Math.max(1, Math.floor(bytes / pieceLength)),
    Math.max(1, Math.ceil(missingPieces / (2 * connections))),
  );
}
