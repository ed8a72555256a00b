/** Which pieces of a torrent a download needs. */
import { dataOfPiece, type Geometry } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PRIORITY } from '../../shared/priority.ts';

/** Skips the pieces that no wanted file needs (0 in `wanted`). Returns the bytes of all other pieces. */
export function skipUnwanted(ledger: Ledger, wanted: Uint8Array, g: Geometry): number {
  const skipped: PieceIndex[] = [];
  let wantedBytes = 0;
  for (let at = 0; at < g.pieceCount; at++) {
    const piece = at as PieceIndex;
    if (wanted[piece] === 1) wantedBytes += dataOfPiece(g, piece);
    else skipped.push(piece);
  }
  ledger.setPriority(skipped, PRIORITY.skip);
  return wantedBytes;
}
