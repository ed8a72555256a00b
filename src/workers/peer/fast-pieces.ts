/**
 * Pieces that a peer names (BEP 6): those that we may request although it chokes us, and those that it suggests. Both are hints, so
 * what arrives before the torrent is known is ignored.
 */
import { type PieceIndex, pieceIndex } from '../../shared/indices.ts';
import { MAX_ALLOWED_FAST_PIECES } from '../../shared/limits.ts';
import type { RequestBook } from '../requests/requester.ts';
import { SuggestedPieces } from '../requests/suggested-pieces.ts';
import type { PeerTorrent } from './peer-host.ts';
import type { PieceSet } from './piece-set.ts';

interface NamingPeer {
  readonly pieces: PieceSet;
  readonly book: RequestBook;
}

/** The reason to close the peer, or whether it allows more than before. */
export type Named = 'bad-piece-index' | 'more' | 'nothing-new';

export class FastPieces {
  readonly #peer: NamingPeer;
  readonly #torrent: PeerTorrent;
  #allowed: Set<PieceIndex> | null = null;

  constructor(peer: NamingPeer, torrent: PeerTorrent) {
    this.#peer = peer;
    this.#torrent = torrent;
  }

  get allowed(): ReadonlySet<PieceIndex> | null {
    return this.#allowed;
  }

  allow(index: number): Named {
    const { pieceCount } = this.#torrent;
    if (pieceCount === null) return 'nothing-new';
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    this.#allowed ??= new Set();
    if (this.#allowed.size >= MAX_ALLOWED_FAST_PIECES || this.#allowed.has(piece)) return 'nothing-new';
    this.#allowed.add(piece);
    return 'more';
  }

  /** Only what the peer has and we want is kept. */
  suggest(index: number): Exclude<Named, 'more'> {
    const { pieceCount, wanted } = this.#torrent;
    if (pieceCount === null) return 'nothing-new';
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    if (!this.#peer.pieces.has(piece) || !wanted.isWanted(piece)) return 'nothing-new';
    const { book } = this.#peer;
    book.suggested ??= new SuggestedPieces();
    book.suggested.add(piece);
    return 'nothing-new';
  }
}
