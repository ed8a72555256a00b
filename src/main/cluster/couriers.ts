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
  /** Since when one node alone has a piece that is another's to take. */
  readonly #lone = new Map<PieceIndex, number>();

  constructor(id: string, shares: Shares, inside: InsidePieces) {
    this.#id = id;
    this.#shares = shares;
    this.#inside = inside;
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
    const courier = count > 1 ? this.#id : this.#courierOf(piece, count);
    if (courier !== this.#id && count === 0) return false;
    if (courier === this.#id) {
      this.#lone.delete(piece);
      return true;
    }
    const since = this.#lone.get(piece) ?? now;
    this.#lone.set(piece, since);
    return now - since >= COURIER_MS || this.#isStuck(courier, now);
  }

  /** Before anybody has it, both nodes that may become its courier are. */
  #courierOf(piece: PieceIndex, count: number): string {
    const owner = this.#shares.ownerOf(piece) ?? this.#id;
    const second = this.#shares.secondOf(piece) ?? this.#id;
    if (count === 0) return second === this.#id ? second : owner;
    return this.#inside.isWith(owner, piece) ? second : owner;
  }

  #isStuck(node: string, now: number): boolean {
    return now - (this.#progress.get(node)?.at ?? now) >= COURIER_SILENCE_MS;
  }
}
