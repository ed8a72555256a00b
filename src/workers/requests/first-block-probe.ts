/**
 * The requester of a race: each peer that unchokes us is asked for one block, which is thrown away. It shows that the unchoke
 * is real, and how long the first byte takes.
 */
import type { Clock } from '../../shared/clock.ts';
import { blocksOfPiece, type Geometry, lengthOfBlock } from '../../shared/geometry.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES, MAX_PROBE_REJECTIONS } from '../../shared/limits.ts';
import { RequestBatch } from '../wire/encoder.ts';
import type { Place, RequestedPeer, Requester } from './requester.ts';

const DROPPED: Place = { target: Buffer.alloc(0), offset: -1 };

export class FirstBlockProbe implements Requester {
  readonly #geometry: Geometry;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #rejections = new WeakMap<RequestedPeer, number>();
  #blockBytes = 0;
  #wastedBytes = 0;

  constructor(geometry: Geometry, clock: Clock, random: () => number) {
    this.#geometry = geometry;
    this.#clock = clock;
    this.#random = random;
  }

  get wastedBytes(): number {
    return this.#wastedBytes;
  }

  get blockBytes(): number {
    return this.#blockBytes;
  }

  fill(peer: RequestedPeer): void {
    if (peer.book.receivedBytes > 0 || peer.book.queue.size > 0) return;
    if ((this.#rejections.get(peer) ?? 0) >= MAX_PROBE_REJECTIONS) return;
    const piece = this.#pieceOf(peer);
    if (piece === null) return;
    const block = Math.floor(this.#random() * blocksOfPiece(this.#geometry, piece));
    const batch = new RequestBatch();
    batch.add(piece, block * BLOCK_BYTES, lengthOfBlock(this.#geometry, piece, block), 1);
    const bytes = batch.take();
    if (bytes === null) return;
    peer.book.owingSince = this.#clock();
    peer.book.queue.push(this.#key(piece, block * BLOCK_BYTES));
    peer.send(bytes);
  }

  giveBack(peer: RequestedPeer): void {
    peer.book.late += peer.book.queue.drain().length;
  }

  snub(): void {}

  rejected(peer: RequestedPeer, piece: number, begin: number): void {
    if (peer.book.queue.remove(this.#key(piece, begin)))
      this.#rejections.set(peer, (this.#rejections.get(peer) ?? 0) + 1);
  }

  lost(): void {}

  widened(): void {}

  blockStart(peer: RequestedPeer, piece: number, begin: number, length: number): Place {
    if (peer.book.queue.remove(this.#key(piece, begin))) {
      this.#blockBytes += length;
      peer.book.receivedBytes += length;
    } else {
      this.#wastedBytes += length;
    }
    return DROPPED;
  }

  blockEnd(peer: RequestedPeer): boolean {
    return peer.book.receivedBytes > 0;
  }

  tick(): void {}

  #key(piece: number, begin: number): number {
    return piece * this.#geometry.blocksPerPiece + Math.floor(begin / BLOCK_BYTES);
  }

  #pieceOf(peer: RequestedPeer) {
    if (!peer.mayRequest || peer.pieces.count === 0) return null;
    const start = Math.floor(this.#random() * this.#geometry.pieceCount);
    for (let i = 0; i < this.#geometry.pieceCount; i++) {
      const piece = pieceIndex((start + i) % this.#geometry.pieceCount, this.#geometry.pieceCount);
      if (piece !== null && peer.pieces.has(piece)) return piece;
    }
    return null;
  }
}
