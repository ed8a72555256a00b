/**
 * Whether each piece has a holder among our peers: then what we give is not the only way into the swarm. Looks at a part of the
 * pieces at a time, so that no turn is long.
 */
import { OTHER_HOLDER_LOOK_PIECES } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';

interface Holder {
  readonly inSession: boolean;
  readonly pieces: PieceSet;
}

export class OtherHolders {
  readonly #pieceCount: number;
  /** The next piece to look at. */
  #at = 0;
  /** Pieces in a row, before that one, that a peer has. */
  #held = 0;
  #hasAll = false;

  constructor(pieceCount: number) {
    this.#pieceCount = pieceCount;
  }

  /** As far as was looked: peers come and go. */
  get hasAll(): boolean {
    return this.#hasAll;
  }

  look(peers: Iterable<Holder>): void {
    const holders = [...peers].filter(({ inSession, pieces }) => inSession && pieces.count > 0);
    if (holders.some(({ pieces }) => pieces.complete)) {
      this.#hasAll = true;
      return;
    }
    let holder: Holder | undefined;
    for (let looks = 0; looks < OTHER_HOLDER_LOOK_PIECES && looks < this.#pieceCount; looks++) {
      const piece = this.#at;
      if (holder?.pieces.has(piece) !== true) holder = holders.find(({ pieces }) => pieces.has(piece));
      if (holder === undefined) {
        this.#held = 0;
        this.#hasAll = false;
        return;
      }
      this.#at = (piece + 1) % this.#pieceCount;
      this.#held += 1;
    }
    if (this.#held >= this.#pieceCount) this.#hasAll = true;
  }
}
