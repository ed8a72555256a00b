/**
 * Suggestions (BEP 6): unchoked peers hear which pieces lie in the cache. Where they follow, several take a piece that was read
 * from the disk once. Peers that follow take what others took before them, so nothing is suggested while the swarm needs
 * different pieces from us: until other peers together have all of them.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { OPEN_SUGGESTIONS, SUGGESTION_MS } from '../../shared/limits.ts';
import { encodeSuggest } from '../wire/encoder.ts';
import { OtherHolders } from './other-holders.ts';
import type { OurPieces } from './our-pieces.ts';
import type { ServedPeer } from './served-peer.ts';

export class Suggestions {
  readonly #pieces: OurPieces;
  readonly #cached: () => readonly PieceIndex[];
  readonly #others: OtherHolders;

  /** `cached`: pieces that lie wholly in the cache, the last used first. */
  constructor(pieces: OurPieces, cached: () => readonly PieceIndex[]) {
    this.#pieces = pieces;
    this.#cached = cached;
    this.#others = new OtherHolders(pieces.pieceCount);
  }

  /** `contenders`: those of the peers that want data or are unchoked. */
  tick(peers: Iterable<ServedPeer>, contenders: Iterable<ServedPeer>, now: number): void {
    const served = [...contenders].filter(({ uploads }) => uploads.unchoked);
    if (served.length === 0) return;
    this.#others.look(peers);
    this.make(served, now);
  }

  /** Suggests pieces to those that have no open suggestions. Before an unchoke, so that they know what to request. */
  make(peers: readonly ServedPeer[], now: number): void {
    if (!this.#others.hasAll) return;
    const open = peers.filter((peer) => peer.fast && peer.isInterested && hasRoom(peer, now));
    const cached = open.length === 0 ? [] : this.#cached().filter((piece) => this.#pieces.has(piece));
    for (const peer of open) suggest(cached, peer, now);
  }
}

/** Forgets what it has followed, or did not follow in time. */
function hasRoom({ uploads, pieces }: ServedPeer, now: number): boolean {
  for (const [piece, at] of uploads.suggested)
    if (pieces.has(piece) || now - at >= SUGGESTION_MS) uploads.suggested.delete(piece);
  return uploads.suggested.size < OPEN_SUGGESTIONS;
}

function suggest(cached: readonly PieceIndex[], peer: ServedPeer, now: number): void {
  const { suggested, requested } = peer.uploads;
  for (const piece of cached) {
    if (suggested.size >= OPEN_SUGGESTIONS) return;
    if (peer.pieces.has(piece) || suggested.has(piece) || requested.has(piece)) continue;
    suggested.set(piece, now);
    peer.send(encodeSuggest(piece));
  }
}
