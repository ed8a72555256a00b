/**
 * Suggestions (BEP 6): unchoked peers hear which pieces others have just requested. These lie in the cache, or will when it is the
 * turn of a request that is made now: so peers that follow take what is read from the disk once. They take the same pieces as others,
 * so nothing is suggested while the swarm needs different pieces from us: until other peers together have all of them.
 */
import type { Geometry } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { CHUNK_CACHE_BYTES, OPEN_SUGGESTIONS, SUGGESTION_MS } from '../../shared/limits.ts';
import { encodeSuggest } from '../wire/encoder.ts';
import { OtherHolders } from './other-holders.ts';
import type { OurPieces } from './our-pieces.ts';
import { RecentPieces } from './recent-pieces.ts';
import type { ServedPeer } from './served-peer.ts';

export class Suggestions {
  readonly #pieces: OurPieces;
  readonly #recent: RecentPieces<PieceIndex>;
  readonly #others: OtherHolders;

  constructor({ pieceLength, pieceCount }: Geometry, pieces: OurPieces) {
    this.#pieces = pieces;
    // Half of the cache: other torrents use it as well.
    this.#recent = new RecentPieces(Math.max(1, Math.floor(CHUNK_CACHE_BYTES / 2 / pieceLength)));
    this.#others = new OtherHolders(pieceCount);
  }

  /** A peer requests a block of the piece. */
  requested(piece: PieceIndex): void {
    this.#recent.add(piece);
  }

  /** `contenders`: those of the peers that want data or are unchoked. */
  tick(peers: Iterable<ServedPeer>, contenders: Iterable<ServedPeer>, now: number): void {
    const served = [...contenders].filter(({ uploads }) => uploads.unchoked);
    if (served.length === 0) return;
    this.#others.look(peers);
    this.make(served, now);
  }

  /** Suggests pieces to those that have room for suggestions. Before an unchoke, so that they know what to request. */
  make(peers: readonly ServedPeer[], now: number): void {
    if (!this.#others.hasAll) return;
    const open = peers.filter((peer) => peer.fast && peer.isInterested && hasRoom(peer, now));
    if (open.length === 0) return;
    const recent = this.#recent.newestFirst.filter((piece) => this.#pieces.has(piece));
    for (const peer of open) suggest(recent, peer, now);
  }
}

/** Forgets what it has followed, or did not follow in time. */
function hasRoom({ uploads, pieces }: ServedPeer, now: number): boolean {
  for (const [piece, at] of uploads.suggested)
    if (pieces.has(piece) || uploads.requested.has(piece) || now - at >= SUGGESTION_MS)
      uploads.suggested.delete(piece);
  return uploads.suggested.size < OPEN_SUGGESTIONS;
}

function suggest(recent: readonly PieceIndex[], peer: ServedPeer, now: number): void {
  const { suggested, requested } = peer.uploads;
  for (const piece of recent) {
    if (suggested.size >= OPEN_SUGGESTIONS) return;
    if (peer.pieces.has(piece) || suggested.has(piece) || requested.has(piece)) continue;
    suggested.set(piece, now);
    peer.send(encodeSuggest(piece));
  }
}
