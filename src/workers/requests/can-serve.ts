/** What a peer may be asked for at this moment. */
import type { PieceIndex } from '../../shared/indices.ts';
import type { ActivePiece } from './active-piece.ts';
import type { RequestedPeer } from './requester.ts';

/** The peer has the piece, its blocks are accepted there, and one is left for it. */
export function canServe(peer: RequestedPeer, active: ActivePiece, now: number): boolean {
  return mayAsk(peer, active) && active.hasFor(peer, now);
}

/** The peer has the piece and would send it: it unchokes us, or the piece is allowed-fast (BEP 6). */
export function mayAsk(peer: RequestedPeer, active: ActivePiece): boolean {
  return wouldSend(peer, active.piece) && active.admits(peer);
}

export function wouldSend(peer: RequestedPeer, piece: number): boolean {
  return peer.offers(piece) && (peer.mayRequest || peer.allowedFast?.has(piece as PieceIndex) === true);
}
