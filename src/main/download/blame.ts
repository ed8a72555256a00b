/**
 * Who sent bad data: peers and web seeds alike. The arena knows the sender of every block. A piece that came from one sender
 * alone and fails convicts it at once. One from several is fetched again without the most suspicious of them; blocks of the
 * others are kept. When it passes, every block that looked different before convicts its sender, and nobody else. When it
 * fails again, the next one is left out as well, and in the end a sender must give all of it alone.
 */
import type { RetryRule } from '../../shared/arena.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_AVOIDED_SENDERS, MAX_KEPT_FAILURES } from '../../shared/limits.ts';
import type { Sender } from '../../shared/sender.ts';

const HASH_BYTES = 20;

export type Senders = readonly (Sender | null)[];

/** How a piece looked when it failed: who sent each block, and 20 bytes of SHA-1 for each. */
interface Failure {
  readonly senders: Senders;
  readonly blockHashes: Uint8Array;
}

interface SuspectPiece {
  failures: Failure[];
  avoid: Sender[];
}

export interface FailedPiece {
  /** Sent bad data beyond doubt; null where that cannot be said yet. */
  readonly convicted: Sender | null;
  /** How to fetch it again with the blocks that may be good; null: all anew, from anybody. */
  readonly retry: RetryRule | null;
}

export class Blame {
  readonly #pieces = new Map<PieceIndex, SuspectPiece>();
  /** In how many failed pieces each sender had a part, and in how many good ones. */
  readonly #suspicion = new Map<Sender, number>();
  readonly #trust = new Map<Sender, number>();

  /** The piece failed before and has not passed since: its block hashes are wanted. */
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
   * The piece is good; `blockHashes` is empty where it never failed. Returns the senders of blocks that looked different when
   * it did.
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

  /** Failed pieces for each good one. */
  #doubt(sender: Sender): number {
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
