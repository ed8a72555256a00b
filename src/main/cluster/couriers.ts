/**
 * Who takes a piece from the only node that has it: one other node, its _courier_. The rest take it afterwards, from both. So a node that
 * brings more from outside than others do gives each piece about once; otherwise all would ask it for each piece at once, and its
 * line to them would bring several copies of a piece instead of several pieces. Each node computes it alone, as the shares.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { COURIER_MS, COURIER_SILENCE_MS } from '../../shared/limits.ts';
import type { InsidePieces } from './inside-pieces.ts';
import type { Shares } from './shares.ts';

export class Couriers {
  /** Of this node, in hex. */
  readonly #id: string;
  readonly #shares: Shares;
  readonly #inside: InsidePieces;
  /** By node: what nodes gave it so far, and when that last grew. */
  readonly #progress = new Map<string, { readonly bytes: number; readonly at: number }>();
  /** By piece, since which second one node alone has it, while it is another's to take; 0: it is not. A million pieces are normal. */
  readonly #loneSince: Uint32Array;

  constructor(id: string, pieceCount: number, shares: Shares, inside: InsidePieces) {
    this.#id = id;
    this.#shares = shares;
    this.#inside = inside;
    this.#loneSince = new Uint32Array(pieceCount);
  }

  /** A living node has got so many bytes from nodes. */
  heard(node: string, bytes: number, now: number): void {
    if (this.#progress.get(node)?.bytes !== bytes) this.#progress.set(node, { bytes, at: now });
  }

  lost(node: string): void {
    this.#progress.delete(node);
  }

  /** Whether this node may take a piece that it lacks from nodes now. */
  mayTake(piece: PieceIndex, now: number): boolean {
    const count = this.#inside.countOf(piece);
    // Before anybody has it, both nodes that may become its courier are.
    if (count === 0) {
      this.#loneSince[piece] = 0;
      return this.#shares.rankOfUs(piece) < 2;
    }
    const courier = count > 1 ? this.#id : this.#courierOf(piece);
    if (courier === this.#id) {
      this.#loneSince[piece] = 0;
      return true;
    }
    const since = this.#loneSince[piece] || Math.floor(now / 1_000) + 1;
    this.#loneSince[piece] = since;
    const sinceMs = (since - 1) * 1_000;
    return now - sinceMs >= COURIER_MS || this.#isStuck(courier, sinceMs, now);
  }

  #courierOf(piece: PieceIndex): string {
    const owner = this.#shares.ownerOf(piece) ?? this.#id;
    const second = this.#shares.secondOf(piece) ?? this.#id;
    return this.#inside.isWith(owner, piece) ? second : owner;
  }

  /** Before the piece was there, there may have been nothing for it to take. */
  #isStuck(node: string, sinceMs: number, now: number): boolean {
    const progress = this.#progress.get(node);
    return progress !== undefined && now - Math.max(progress.at, sinceMs) >= COURIER_SILENCE_MS;
  }
}
