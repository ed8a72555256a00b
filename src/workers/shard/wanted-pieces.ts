/** Which pieces a shard still wants. In a download the ledger decides this. */
import type { PieceIndex } from '../../shared/indices.ts';

export interface WantedPieces {
  /** True if the piece must be downloaded and is not verified yet. */
  isWanted(piece: PieceIndex): boolean;
  /** True if no piece is wanted. */
  readonly complete: boolean;
}

/** For a seed. */
export const NOTHING: WantedPieces = { isWanted: () => false, complete: true };

/** For a race without a download: a block of any piece is enough. */
export const EVERYTHING: WantedPieces = { isWanted: () => true, complete: false };
