/**
 * In a cluster: from where a piece may not come now, one byte per piece in shared memory. Only main writes; shards and web seeds read.
 */

/** From outside: other nodes bring it. From nodes: another one takes it first. */
const CLOSED = { outside: 1, nodes: 2 } as const;
export type PieceSide = keyof typeof CLOSED;

/** A count of openings is before the bytes. */
const HEAD_BYTES = 4;

export class ReservedPieces {
  readonly #bytes: Uint8Array;
  readonly #openings: Int32Array;

  /** Null: there is no cluster, and nothing is closed. */
  constructor(memory: SharedArrayBuffer | null) {
    this.#bytes = memory === null ? new Uint8Array(0) : new Uint8Array(memory, HEAD_BYTES);
    this.#openings = memory === null ? new Int32Array(1) : new Int32Array(memory, 0, 1);
  }

  static allocate(pieceCount: number): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD_BYTES + pieceCount);
  }

  /** True if other nodes of the cluster bring the piece (`outside`), or if another one must take it first (`nodes`). */
  isClosed(side: PieceSide, piece: number): boolean {
    return piece < this.#bytes.length && (Atomics.load(this.#bytes, piece) & CLOSED[side]) !== 0;
  }

  /** What was begun is finished. True if the piece was closed and is open now: call `opened` then. */
  close(side: PieceSide, piece: number, isClosed: boolean): boolean {
    const before = this.#bytes[piece] ?? 0;
    const value = isClosed ? before | CLOSED[side] : before & ~CLOSED[side];
    // Most pieces stay what they are at each look. A write would take the line from the caches of all shards.
    if (before !== value) Atomics.store(this.#bytes, piece, value);
    return !isClosed && before !== value;
  }

  /** Once for all pieces that were opened: shards look for work from the beginning. */
  opened(): void {
    Atomics.add(this.#openings, 0, 1);
  }

  /** Changes whenever pieces were opened. */
  get openings(): number {
    return Atomics.load(this.#openings, 0);
  }
}
