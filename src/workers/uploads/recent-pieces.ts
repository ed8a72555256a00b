/** The pieces that were requested last, so many at most. */
export class RecentPieces<Piece extends number> {
  readonly #most: number;
  /** The newest one is the last. */
  readonly #pieces = new Set<Piece>();
  #newest: Piece | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  /** A block of the piece is requested. */
  add(piece: Piece): void {
    if (piece === this.#newest) return;
    this.#newest = piece;
    this.#pieces.delete(piece);
    this.#pieces.add(piece);
    const [oldest] = this.#pieces;
    if (this.#pieces.size > this.#most) this.#pieces.delete(oldest as Piece);
  }

  has(piece: Piece): boolean {
    return this.#pieces.has(piece);
  }

  get newestFirst(): readonly Piece[] {
    return [...this.#pieces].reverse();
  }
}
