/** What the connected peers of a shard have, counted for the order of pieces, where there is a download. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { PieceSet } from '../peer/piece-set.ts';

export interface SwarmCount {
  /** Adds (or, with -1, takes away) all of a peer's pieces. */
  countPieces(pieces: PieceSet, change: 1 | -1): void;
  /** `piece` is the newest of `pieces`. */
  countPiece(pieces: PieceSet, piece: PieceIndex): void;
}

export const UNCOUNTED: SwarmCount = { countPieces: () => {}, countPiece: () => {} };
