/**
 * Pieces that were found on the disk, for peers that connected before the torrent was known or the disk was checked: they got no bitfield
 * of them. A HAVE has one piece (BEP 3), so most peers hear only of the first ones; they know others that have all. The nodes of our
 * cluster hear of all, a part at each look: what they do not know of they would fetch from outside.
 */
import { MAX_FOUND_TOLD_PIECES } from '../../shared/limits.ts';
import { type OurPieces, type ToldPeer, tellPieces } from './our-pieces.ts';

interface EarlyPeer extends ToldPeer {
  readonly isNode: boolean;
  readonly unsentBytes: number;
}

export class FoundNews {
  readonly #pieces: OurPieces;
  /** Early peers, and the first piece of which each may not have heard. */
  readonly #behind = new Map<EarlyPeer, number>();

  constructor(pieces: OurPieces, peers: Iterable<EarlyPeer>) {
    this.#pieces = pieces;
    const early = [...peers];
    const first = pieces.from(0);
    tellPieces(first, early);
    if (first.length < MAX_FOUND_TOLD_PIECES) return;
    for (const peer of early) this.#behind.set(peer, (first.at(-1) as number) + 1);
  }

  left(peer: EarlyPeer): void {
    this.#behind.delete(peer);
  }

  tick(): void {
    for (const [peer, from] of this.#behind) {
      // It has not taken the last part yet.
      if (!peer.isNode || peer.unsentBytes > 0) continue;
      const next = this.#pieces.from(from);
      tellPieces(next, [peer]);
      if (next.length < MAX_FOUND_TOLD_PIECES) this.#behind.delete(peer);
      else this.#behind.set(peer, (next.at(-1) as number) + 1);
    }
  }
}
