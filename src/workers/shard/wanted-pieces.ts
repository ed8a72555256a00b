/** What a shard still wants of its torrent: the ledger says it, where there is a download. */
import type { PieceIndex } from '../../shared/indices.ts';

export interface WantedPieces {
  /** A piece that is to be downloaded, and not verified yet. */
  isWanted(piece: PieceIndex): boolean;
  /** Nothing is. */
  readonly complete: boolean;
}

/** A race without a download: a block of any piece will do. */
export const EVERYTHING: WantedPieces = { isWanted: () => true, complete: false };
