/**
 * Who sent bad data. A piece that fails leaves a record: who sent each block, and what the block looked like. A piece from
 * one peer alone convicts it at once. One from several is fetched again from a single peer; when it passes, every block that
 * looked different before convicts its sender, and nobody else.
 */
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import type { Evidence } from '../../shared/messages.ts';

const HASH_BYTES = 20;

type Senders = readonly (PeerIndex | null)[];

interface Failure {
  readonly senders: Senders;
  readonly blockHashes: Uint8Array;
}

export class Blame {
  /** Full pieces of this shard that are with the hashers. */
  readonly #awaiting = new Map<PieceIndex, Senders>();
  /** Failures of pieces that have not passed since. */
  readonly #failures = new Map<PieceIndex, Failure[]>();

  handedOver(piece: PieceIndex, senders: Senders): void {
    this.#awaiting.set(piece, senders);
  }

  /** The piece is good, whoever fetched it. */
  passed(piece: PieceIndex): void {
    this.#awaiting.delete(piece);
    this.#failures.delete(piece);
  }

  /** Takes in what a verdict shows; returns the peers that it convicts. Before `passed` for a piece that is good. */
  weigh({ piece, good, blockHashes }: Evidence): PeerIndex[] {
    if (good) return convicted(this.#failures.get(piece) ?? [], blockHashes);
    const senders = this.#awaiting.get(piece);
    this.#awaiting.delete(piece);
    if (senders === undefined) return [];
    const distinct = new Set(senders);
    const [only] = distinct;
    if (distinct.size === 1 && only !== undefined && only !== null) return [only];
    const before = this.#failures.get(piece) ?? [];
    this.#failures.set(piece, [...before, { senders, blockHashes }]);
    return [];
  }
}

function convicted(failures: readonly Failure[], goodHashes: Uint8Array): PeerIndex[] {
  const liars = new Set<PeerIndex>();
  for (const { senders, blockHashes } of failures) {
    for (const [block, sender] of senders.entries()) {
      const at = block * HASH_BYTES;
      const same =
        Buffer.compare(
          blockHashes.subarray(at, at + HASH_BYTES),
          goodHashes.subarray(at, at + HASH_BYTES),
        ) === 0;
      if (!same && sender !== null) liars.add(sender);
    }
  }
  return [...liars];
}
