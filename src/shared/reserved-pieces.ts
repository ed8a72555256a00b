/**
 * In a cluster: from where a piece may not come now, one byte per piece in shared memory. Only main writes; shards and web seeds read.
 */

/** From outside: other nodes bring it. From nodes: another one takes it first. */
const CLOSED = { outside: 1, nodes: 2 } as const;
export type PieceSide = keyof typeof CLOSED;

export class ReservedPieces {
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(memory);
  }

  isClosed(side: PieceSide, piece: number): boolean {
    return (Atomics.load(this.#bytes, piece) & CLOSED[side]) !== 0;
  }

  close(side: PieceSide, piece: number, isClosed: boolean): void {
    const before = this.#bytes[piece] ?? 0;
    const value = isClosed ? before | CLOSED[side] : before & ~CLOSED[side];
    // Most pieces stay what they are at each look. A write would take the line from the caches of all shards.
    if (before !== value) Atomics.store(this.#bytes, piece, value);
  }
}
