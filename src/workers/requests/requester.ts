/** Who asks a peer for blocks, and takes them in. Two kinds: one for a download, one for a race. */
import type { CloseCode } from '../../shared/close-reason.ts';
import type { PeerIndex, PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { ActivePiece } from './active-piece.ts';
import type { OrderCursor } from './piece-order.ts';
import type { Refusals } from './refusals.ts';
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
  /** The handshakes are through, and it is not closed. */
  readonly inSession: boolean;
  /** In session and unchoked. */
  readonly mayRequest: boolean;
  /** Pieces it lets us ask for while it chokes us (BEP 6); null while there are none. */
  readonly allowedFast: ReadonlySet<PieceIndex> | null;
  /** Bytes of the block under way that have not come. */
  readonly blockRemaining: number;
  send(bytes: Uint8Array): void;
  /** The rest of the block under way goes there. */
  moveBlock(place: Place): void;
  close(code: CloseCode): void;
}

/** A block that is being received. */
export interface Receiving {
  readonly active: ActivePiece;
  readonly block: number;
  readonly length: number;
  readonly since: number;
  /** It came too slowly to hold its place in the slot, and goes on here. */
  readonly aside: Buffer | null;
}

/** The requests of one peer: its side of the requester's book. */
export class RequestBook {
  readonly queue = new RequestQueue();
  readonly window = new RequestWindow();
  readonly cursor: OrderCursor = { order: -1, at: 0 };
  /** The piece it fetches from before any other. */
  current: ActivePiece | null = null;
  /** The block that is being received, where it has a place. */
  receiving: Receiving | null = null;
  /** Since when it has owed blocks without finishing any; meaningless while it owes nothing. */
  owingSince = 0;
  /** Blocks it said it would not send (BEP 6), until it chokes or leaves. */
  refusals: Refusals | null = null;
  rejectsInRow = 0;
  /** No new blocks are asked of it until then, or until one comes. */
  restsUntil = 0;
  /** How often it kept us waiting, less the blocks that came since. */
  strikes = 0;
  /** When it last did so; never is long ago. */
  struckAt = Number.NEGATIVE_INFINITY;
  /** Blocks that were taken back from it and may still arrive. */
  late = 0;
  unrequested = 0;
  receivedBytes = 0;

  /** It was asked for blocks that have not come whole. */
  get owes(): boolean {
    return this.queue.size > 0 || this.receiving !== null;
  }

  /** Its rate has been measured, and it does not keep us waiting. */
  get proven(): boolean {
    return this.window.rate > 0 && this.strikes === 0;
  }

  /** Bytes a second: as measured, or less where nothing has come since for longer than that. */
  rateAt(now: number): number {
    if (!this.owes || now <= this.owingSince) return this.window.rate;
    return Math.min(this.window.rate, (BLOCK_BYTES * 1_000) / (now - this.owingSince));
  }

  /** A block came whole. */
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
  /** Asks for as many blocks as the peer should owe. */
  fill(peer: RequestedPeer): void;
  /** The peer choked us or is gone: what it will not send may be asked of others. */
  giveBack(peer: RequestedPeer): void;
  /** The peer is slow: it keeps one request. */
  snub(peer: RequestedPeer): void;
  /** The peer will not send this block (BEP 6). */
  rejected(peer: RequestedPeer, piece: number, begin: number): void;
  /** More may be asked of the peer than before (a new piece, an unchoke): its search starts over. */
  widened(peer: RequestedPeer): void;
  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place;
  /** True if a block that we asked for is complete. */
  blockEnd(peer: RequestedPeer): boolean;
  /** The shard's deadline tick: hungry peers try again, abandoned pieces go back. */
  tick(now: number): void;
  readonly wastedBytes: number;
  readonly blockBytes: number;
}
