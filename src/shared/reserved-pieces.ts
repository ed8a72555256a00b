/** In a cluster: the pieces that other nodes bring, one byte per piece in shared memory. Only main writes; shards and web seeds read. */
export class ReservedPieces {
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#bytes = new Uint8Array(memory);
  }

  has(piece: number): boolean {
    return Atomics.load(this.#bytes, piece) === 1;
  }

  set(piece: number, isReserved: boolean): void {
    const value = isReserved ? 1 : 0;
    // Most pieces stay what they are at each look. A write would take the line from the caches of all shards.
    if (this.#bytes[piece] !== value) Atomics.store(this.#bytes, piece, value);
  }
}
