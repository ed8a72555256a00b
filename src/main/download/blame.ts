/**
 * Finds out which sender sent bad data: a peer or a web seed. The arena knows the sender of every block. If all blocks of a bad
 * piece came from one sender, it is convicted at once. If they came from several, the piece is fetched again without the most
 * suspicious one, and the blocks of the others are kept. When the piece passes, each sender of a block that was different before
 * is convicted, and no other. If it fails again, the next suspect is left out, too. In the end one sender must send all of it.
 */
import type { RetryRule } from '../../shared/arena.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_AVOIDED_SENDERS, MAX_KEPT_FAILURES } from '../../shared/limits.ts';
import { EARLIER_RUN, type Sender } from '../../shared/sender.ts';

const HASH_BYTES = 20;

export type Senders = readonly (Sender | null)[];

/** A failed piece: the sender of each block, and 20 bytes of SHA-1 for each. */
interface Failure {
  readonly senders: Senders;
  readonly blockHashes: Uint8Array;
}

interface SuspectPiece {
  failures: Failure[];
  avoid: Sender[];
}

export interface FailedPiece {
  /** The sender that certainly sent bad data; null if that is not known yet. */
  readonly convicted: Sender | null;
  /** The rule for fetching it again while keeping the blocks that may be good; null: fetch all of it, from any sender. */
  readonly retry: RetryRule | null;
}

export class Blame {
  readonly #pieces = new Map<PieceIndex, SuspectPiece>();
  /** How many failed pieces each sender had a part in, and how many good ones. */
  readonly #suspicion = new Map<Sender, number>();
  readonly #trust = new Map<Sender, number>();

  /** The piece failed before and has not passed since, so the hashes of its blocks are needed. */
  isSuspect(piece: PieceIndex): boolean {
    return this.#pieces.has(piece);
  }

  failed(piece: PieceIndex, senders: Senders, blockHashes: Uint8Array): FailedPiece {
    const distinct = [...new Set(senders)].filter((sender) => sender !== null);
    const [only] = distinct;
    if (only === undefined) return { convicted: null, retry: null };
    const suspect = this.#pieces.get(piece) ?? { failures: [], avoid: [] };
    this.#pieces.set(piece, suspect);
    if (distinct.length === 1) return { convicted: only, retry: null };
    suspect.failures = [...suspect.failures, { senders, blockHashes }].slice(-MAX_KEPT_FAILURES);
    for (const sender of distinct) this.#suspicion.set(sender, this.#suspicionOf(sender) + 1);
    const next = distinct.sort((a, b) => this.#doubt(b) - this.#doubt(a) || a - b)[0] ?? only;
    const isExhausted = suspect.avoid.length >= MAX_AVOIDED_SENDERS;
    suspect.avoid = isExhausted ? [] : [...suspect.avoid, next];
    return { convicted: null, retry: { avoid: suspect.avoid, solo: isExhausted } };
  }

  /**
   * The piece is good; `blockHashes` is empty if it never failed. Returns the senders of blocks that were different in an earlier
   * failure.
   */
  passed(piece: PieceIndex, senders: Senders, blockHashes: Uint8Array): Sender[] {
    for (const sender of new Set(senders))
      if (sender !== null) this.#trust.set(sender, (this.#trust.get(sender) ?? 0) + 1);
    const failures = this.#pieces.get(piece)?.failures ?? [];
    this.#pieces.delete(piece);
    const liars = new Set<Sender>();
    for (const failure of failures) {
      for (const sender of new Set(failure.senders))
        if (sender !== null) this.#suspicion.set(sender, Math.max(0, this.#suspicionOf(sender) - 1));
      for (const [block, sender] of failure.senders.entries())
        if (sender !== null && !sameHash(failure.blockHashes, blockHashes, block)) liars.add(sender);
    }
    return [...liars];
  }

  /** Failed pieces per good piece. Of what an earlier run received least is known: it goes first. */
  #doubt(sender: Sender): number {
    if (sender === EARLIER_RUN) return Number.POSITIVE_INFINITY;
    return this.#suspicionOf(sender) / ((this.#trust.get(sender) ?? 0) + 1);
  }

  #suspicionOf(sender: Sender): number {
    return this.#suspicion.get(sender) ?? 0;
  }
}

function sameHash(one: Uint8Array, other: Uint8Array, block: number): boolean {
  const [from, to] = [block * HASH_BYTES, (block + 1) * HASH_BYTES];
  return Buffer.compare(one.subarray(from, to), other.subarray(from, to)) === 0;
}
