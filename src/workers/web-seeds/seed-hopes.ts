/** What main must know about web seeds: which files each lacks, which ones wait, and which have nothing left to send. */
import type { HttpError } from '../../shared/http-visitor.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { WebSeedNews } from '../../shared/web-seed-messages.ts';
import type { JointPieces } from './joint-pieces.ts';
import { ServerBusy } from './range-answer.ts';
import type { WebSeed } from './web-seed.ts';

export class SeedHopes {
  readonly #seeds: readonly WebSeed[];
  readonly #joint: JointPieces;
  readonly #ledger: Ledger;
  readonly #post: (news: WebSeedNews) => void;
  readonly #told = new Map<WebSeed, string | null>();
  /** Lost files of each web seed that were reported to main. */
  readonly #lost = new Map<WebSeed, Set<number>>();
  readonly #waiting = new Set<WebSeed>();
  /** A piece that each web seed may still send. */
  readonly #hopeAt = new Map<WebSeed, PieceIndex>();
  #stale = false;
  #verified = 0;

  constructor(
    seeds: readonly WebSeed[],
    joint: JointPieces,
    ledger: Ledger,
    post: (news: WebSeedNews) => void,
  ) {
    this.#seeds = seeds;
    this.#joint = joint;
    this.#ledger = ledger;
    this.#post = post;
  }

  /** The web seed sent a bad block of the piece. */
  badPiece(index: number, piece: PieceIndex, now: number): void {
    this.#stale = true;
    const seed = this.#seeds[index];
    const file = seed?.files.badPiece(piece, now) ?? null;
    if (seed !== undefined && file !== null) this.fileLost(seed, file);
  }

  fileLost(seed: WebSeed, file: number): void {
    this.#stale = true;
    const lost = this.#lost.get(seed) ?? new Set();
    this.#lost.set(seed, lost);
    if (lost.has(file)) return;
    lost.add(file);
    this.#post({ type: 'file-lost', seed: seed.index, file, reason: seed.files.of(file).lostTo ?? '' });
  }

  /** Files that were lost long ago may be requested again, so there is hope again. */
  retryFiles(seed: WebSeed, now: number): void {
    for (const file of seed.files.retry(now)) {
      this.#stale = true;
      this.#lost.get(seed)?.delete(file);
      this.#post({ type: 'file-lost', seed: seed.index, file, reason: null });
    }
  }

  /** Reported once for a series of failures: the waits that follow are not new to the user. */
  waits(seed: WebSeed, error: HttpError, ms: number): void {
    this.#stale = true;
    // A host name that does not exist will hardly appear during the run, so the run does not wait for it.
    if (error.message.includes('ENOTFOUND')) seed.server.hardlyAnswers(error.message);
    if (this.#waiting.has(seed)) return;
    this.#waiting.add(seed);
    this.#post({
      type: 'seed-waits',
      seed: seed.index,
      reason: error.message,
      ms,
      answers: error instanceof ServerBusy,
    });
  }

  /** Reports what has changed. */
  tell(): void {
    for (const seed of this.#waiting) if (seed.server.isGiving) this.#backAgain(seed);
    const verified = this.#ledger.verifiedCount;
    if ((!this.#stale && verified === this.#verified) || this.#ledger.complete) return;
    this.#verified = verified;
    this.#stale = false;
    for (const seed of this.#seeds) {
      const reason = seed.server.lostTo ?? this.#nothingLeft(seed);
      if ((this.#told.get(seed) ?? null) === reason) continue;
      this.#told.set(seed, reason);
      this.#post({ type: 'seed-lost', seed: seed.index, reason });
    }
  }

  /** It sends data again. If no web seed could be reached before, the network is back. */
  #backAgain(seed: WebSeed): void {
    if (this.#waiting.size === this.#seeds.length)
      for (const { server } of this.#seeds) server.networkCameBack();
    this.#waiting.delete(seed);
    this.#stale = true;
  }

  /** Why the web seed has none of the wanted pieces; null if it has one, or if no piece is wanted. */
  #nothingLeft(seed: WebSeed): string | null {
    const { files } = seed;
    if (!files.hasBars) return null;
    const { pieceCount } = this.#ledger;
    const from = this.#hopeAt.get(seed) ?? 0;
    let reason: string | null = null;
    // Starts at the piece that was found the last time: it is usually still available, so the loop ends at once.
    for (let i = 0; i < pieceCount; i++) {
      const piece = ((from + i) % pieceCount) as PieceIndex;
      if (!this.#ledger.isWanted(piece)) continue;
      if (files.canGive(piece) || this.#joint.isJoint(piece)) {
        this.#hopeAt.set(seed, piece);
        return null;
      }
      reason ??= files.whyNot(piece);
    }
    return reason;
  }
}
