/** The rate of a run, and whether another web seed should take over the rest of it. */
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

  /** The run has reached the byte `at`. */
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

  /** The rate of a run that has ended. */
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

  /** Milliseconds since the last complete block. */
  blocklessMs(now: number): number {
    return now - this.#blockAt;
  }
}

/**
 * Whether an idle web seed takes over `leftBytes` from one that fetches them at `rate`. It must be known to be twice as fast, or
 * two slow ones would take turns. A web seed that was never tried may help if almost nothing arrives.
 */
export function shouldTakeOver(leftBytes: number, rate: number | null, helperRate: number | null): boolean {
  if (rate === null) return false;
  const leftMs = (leftBytes * 1_000) / rate;
  return helperRate === null
    ? leftMs > SLOW_OWNER_REST_MS
    : leftMs > ENDGAME_SLACK_MS && helperRate > 2 * rate;
}

/**
 * How many pieces the next run has: one at first, then about as much as the web seed sends in two seconds, because a slow server
 * must not hold many. Near the end runs become short, so that the last bytes come over all connections.
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
