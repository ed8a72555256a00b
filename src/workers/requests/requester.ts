/** Requests blocks from peers and receives them. Two kinds: one for a download, one for a race. */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { ActivePiece } from './active-piece.ts';
import { OrderCursor } from './order-cursor.ts';
import type { Refusals } from './refusals.ts';
import { RequestQueue } from './request-queue.ts';
import { RequestWindow } from './request-window.ts';
import type { SuggestedPieces } from './suggested-pieces.ts';

/** The place for the bytes of a block; a negative offset drops them. */
export interface Place {
  target: Buffer;
  offset: number;
}

/** What a requester may know about a peer and do to it. */
export interface RequestedPeer {
  readonly index: PeerIndex;
  readonly pieces: PieceSet;
  /** It is a node of our cluster: no limit holds for it. */
  readonly isNode: boolean;
  readonly book: RequestBook;
  /** Both handshakes are complete, and it is not closed. */
  readonly inSession: boolean;
  /** In session and unchoked. */
  readonly mayRequest: boolean;
  /** Pieces that we may request while it chokes us (BEP 6); null if there are none. */
  readonly allowedFast: ReadonlySet<PieceIndex> | null;
  /** Missing bytes of the current block. */
  readonly blockRemaining: number;
  /** It has the piece, and we may take it from there. */
  offers(piece: number): boolean;
  send(bytes: Uint8Array): void;
  /** Redirects the rest of the current block. */
  moveBlock(place: Place): void;
  close(code: CloseCode): void;
}

/** A block that is being received. */
export interface Receiving {
  readonly active: ActivePiece;
  readonly block: number;
  readonly length: number;
  readonly since: number;
  /** The buffer aside, if it was too slow to keep its place in the slot. */
  readonly aside: Buffer | null;
}

/** Refill when a quarter of the window is free: fewer, larger writes of requests. */
const REFILL_SHARE = 4;

/** The requests to one peer: its part of the requester's record. */
export class RequestBook {
  readonly queue = new RequestQueue();
  readonly window = new RequestWindow();
  readonly cursor = new OrderCursor();
  /** The piece that it fetches from first. */
  current: ActivePiece | null = null;
  /** The block that is being received, if it has a place. */
  receiving: Receiving | null = null;
  /** Since when it has owed blocks without finishing any; meaningless while it owes none. */
  owingSince = 0;
  /** Blocks that it rejected (BEP 6), until it chokes us or leaves. */
  refusals: Refusals | null = null;
  rejectsInRow = 0;
  /** Null if it suggested none. */
  suggested: SuggestedPieces | null = null;
  /** It gets no new requests until then, or until a block arrives. */
  restsUntil = 0;
  /** How often it kept us waiting, minus the blocks received since. */
  strikes = 0;
  /** When it last did so; long ago if never. */
  struckAt = Number.NEGATIVE_INFINITY;
  /** Blocks that were taken back from it and may still arrive. */
  late = 0;
  unrequested = 0;
  receivedBytes = 0;

  /** It owes blocks. */
  get owes(): boolean {
    return this.queue.size > 0 || this.receiving !== null;
  }

  /** Its rate is measured, and it does not keep us waiting. */
  get proven(): boolean {
    return this.window.rate > 0 && this.strikes === 0;
  }

  /** Bytes per second: as measured, or less if nothing has arrived for longer than that rate predicts. */
  rateAt(now: number): number {
    if (!this.owes || now <= this.owingSince) return this.window.rate;
    return Math.min(this.window.rate, (BLOCK_BYTES * 1_000) / (now - this.owingSince));
  }

  /** Blocks to request now; 0 while less than a part of the window is free. `share`: blocks for a peer of unknown speed. */
  room(share: () => number): number {
    const window = this.window.rate > 0 ? this.window.size : Math.min(this.window.size, share());
    const room = window - this.queue.size;
    return room <= 0 || (this.queue.size > 0 && room < window / REFILL_SHARE) ? 0 : room;
  }

  /** A whole block arrived. */
  gave(bytes: number, now: number): void {
    this.window.received(bytes, now);
    this.receivedBytes += bytes;
    this.owingSince = now;
    this.restsUntil = 0;
    this.strikes = Math.max(0, this.strikes - 1);
    this.rejectsInRow = 0;
  }
}

export interface Requester {
  /** Requests as many blocks as the peer should owe. */
  fill(peer: RequestedPeer): void;
  /** The peer choked us or is gone: other peers may be asked for what it will not send. */
  giveBack(peer: RequestedPeer): void;
  /** The peer is slow: it keeps one request. */
  snub(peer: RequestedPeer): void;
  /** The peer will not send this block (BEP 6). */
  rejected(peer: RequestedPeer, piece: number, begin: number): void;
  /** The peer no longer has this piece (BEP 54). */
  lost(peer: RequestedPeer, piece: number): void;
  /** More may be requested from the peer than before (a new piece, an unchoke): what its search has passed counts again. */
  widened(peer: RequestedPeer): void;
  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place;
  /** True if a block that we requested is complete. */
  blockEnd(peer: RequestedPeer): boolean;
  /** The shard's tick: hungry peers try again, abandoned pieces are given back. */
  tick(now: number): void;
  readonly wastedBytes: number;
  readonly blockBytes: number;
}
