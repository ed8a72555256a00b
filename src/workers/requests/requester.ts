/** Who asks a peer for blocks, and takes them in. Two kinds: one for a download, one for a race. */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { ActivePiece } from './active-piece.ts';
import type { OrderCursor } from './piece-order.ts';
import { RequestQueue } from './request-queue.ts';
import { RequestWindow } from './request-window.ts';

/** Where the bytes of a block go; a negative offset drops them. */
export interface Place {
  target: Buffer;
  offset: number;
}

/** What a requester may know of a peer, and do to it. */
export interface RequestedPeer {
  readonly index: PeerIndex;
  readonly pieces: PieceSet;
  readonly book: RequestBook;
  /** In session and unchoked. */
  readonly mayRequest: boolean;
  /** Pieces it lets us ask for while it chokes us (BEP 6); null while there are none. */
  readonly allowedFast: ReadonlySet<PieceIndex> | null;
  send(bytes: Uint8Array): void;
  /** The block under way loses its place. */
  divertBlock(): void;
  close(code: CloseCode): void;
}

/** The requests of one peer: its side of the requester's book. */
export class RequestBook {
  readonly queue = new RequestQueue();
  readonly window = new RequestWindow();
  readonly cursor: OrderCursor = { order: -1, at: 0 };
  /** The piece it fetches from before any other. */
  current: ActivePiece | null = null;
  /** The block that is being received, where it has a place. */
  receiving: {
    readonly active: ActivePiece;
    readonly block: number;
    readonly length: number;
    readonly since: number;
  } | null = null;
  /** Since when it has owed blocks without sending any; meaningless while the queue is empty. */
  owingSince = 0;
  /** Pieces it said it would not send (BEP 6), until it chokes or leaves, or for a while. */
  refused: Set<number> | null = null;
  refusedAt = 0;
  /** Its blocks had to be asked of another: no new ones until then, or until one comes. */
  restsUntil = 0;
  /** Blocks that were taken back from it and may still arrive. */
  late = 0;
  unrequested = 0;
  receivedBytes = 0;
}

export interface Requester {
  /** Asks for as many blocks as the peer should owe. */
  fill(peer: RequestedPeer): void;
  /** The peer choked us or is gone: what it owes may be asked of others. */
  giveBack(peer: RequestedPeer): void;
  /** The peer is slow: it keeps one request. */
  snub(peer: RequestedPeer): void;
  /** The peer will not send this block (BEP 6). */
  rejected(peer: RequestedPeer, piece: number, begin: number): void;
  /** More may be asked of the peer than before (a new piece, an unchoke): its search starts over. */
  widened(peer: RequestedPeer): void;
  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place;
  /** True if a block that we wanted is complete. */
  blockEnd(peer: RequestedPeer): boolean;
  /** The shard's deadline tick: hungry peers try again, abandoned pieces go back. */
  tick(now: number): void;
  readonly wastedBytes: number;
  readonly blockBytes: number;
}
