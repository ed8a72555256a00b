/** What a peer may be asked for at this moment. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { ActivePiece } from './active-piece.ts';
import type { RequestedPeer } from './requester.ts';

/** The peer has the piece, its blocks are welcome there, and one is left for it. */
export function canServe(peer: RequestedPeer, active: ActivePiece, now: number): boolean {
  return mayAsk(peer, active) && active.hasFor(peer, now);
}

/** The peer has the piece, and would send blocks of it: because it unchoked us, or because of BEP 6 allowed-fast. */
export function mayAsk(peer: RequestedPeer, active: ActivePiece): boolean {
  return wouldSend(peer, active.piece) && active.admits(peer);
}

export function wouldSend(peer: RequestedPeer, piece: number): boolean {
  return peer.pieces.has(piece) && (peer.mayRequest || peer.allowedFast?.has(piece as PieceIndex) === true);
}
