/** How many connected peers of a shard have each piece, for the order of pieces. Only a download needs it. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { PieceSet } from '../peer/piece-set.ts';

export interface SwarmCount {
  /** Adds (or, with -1, removes) all pieces of a peer. */
  countPieces(pieces: PieceSet, change: 1 | -1): void;
  /** `piece` is the newest of `pieces`. */
  countPiece(pieces: PieceSet, piece: PieceIndex): void;
  /** `piece` will leave `pieces`. */
  uncountPiece(pieces: PieceSet, piece: PieceIndex): void;
}

export const UNCOUNTED: SwarmCount = { countPieces: () => {}, countPiece: () => {}, uncountPiece: () => {} };
