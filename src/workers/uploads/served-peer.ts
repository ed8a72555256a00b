/** What the uploads of a torrent may know about a peer and do to it. */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex } from '../../shared/indices.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { LeavesOf } from './leaf-hashes.ts';
import type { UploadBook } from './upload-book.ts';

export interface ServedPeer {
  readonly index: PeerIndex;
  readonly uploads: UploadBook;
  readonly address: { readonly host: string };
  readonly pieces: PieceSet;
  /** It is a node of our cluster: no limit holds for it. */
  readonly isNode: boolean;
  /** Both handshakes are complete, and it is not closed. */
  readonly inSession: boolean;
  /** It knows rejects (BEP 6). */
  readonly fast: boolean;
  /** Null until its first extended message (BEP 10). `tellLost`: we no longer have these pieces (BEP 54); false if it does not know the message. */
  readonly extensions: { tellLost(pieces: readonly number[]): boolean } | null;
  /** It wants data from us. */
  readonly isInterested: boolean;
  /** Bytes of blocks that it gave us. */
  readonly receivedBytes: number;
  /** Written bytes that its connection has not taken. */
  readonly unsentBytes: number;
  send(bytes: Uint8Array): void;
  /** Writes all parts together. `sent`: the connection has taken all of it. It is not called if the peer is closed before. */
  sendParts(parts: readonly Uint8Array[], sent: () => void): void;
  close(code: CloseCode): void;
}

/** The uploads of a torrent, as its peers see them. */
export interface Uploads {
  /** It has told for the first time which pieces it has. */
  greeted(peer: ServedPeer): void;
  /** Bytes of blocks given to connections. */
  readonly sentBytes: number;
  /** It requests a block. Returns false if that costs us more than it should: the request is not served. */
  request(peer: ServedPeer, piece: number, begin: number, length: number): boolean;
  cancel(peer: ServedPeer, piece: number, begin: number, length: number): void;
  /** It wants data from us, or no more. */
  interestChanged(peer: ServedPeer): void;
  /** It is gone. */
  left(peer: ServedPeer): void;
  readonly leavesOf: LeavesOf;
}

/** Nothing to give: the torrent is unknown, or is only raced for. */
export const NO_UPLOADS: Uploads = {
  sentBytes: 0,
  greeted: () => {},
  request: () => false,
  cancel: () => {},
  interestChanged: () => {},
  left: () => {},
  leavesOf: (_piece, _bytes, done) => done(null),
};
