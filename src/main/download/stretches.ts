/** How much of each part of the torrent is there, for the progress bar. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';

/** Pieces checked for one stretch of the progress bar. */
const STRETCH_SAMPLES = 64;

/** The share that is verified or unwanted, 0 to 1, in each of `count` stretches of the torrent; long stretches are sampled. */
export function stretchesOf(ledger: Pick<Ledger, 'pieceCount' | 'stateOf'>, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * ledger.pieceCount) / count);
    const end = Math.max(first + 1, Math.floor(((i + 1) * ledger.pieceCount) / count));
    const step = Math.max(1, Math.floor((end - first) / STRETCH_SAMPLES));
    let [seen, done] = [0, 0];
    for (let piece = first; piece < end; piece += step) {
      const state = ledger.stateOf(piece as PieceIndex);
      seen += 1;
      if (state === PIECE_STATE.verified || state === PIECE_STATE.unwanted) done += 1;
    }
    return done / seen;
  });
}
