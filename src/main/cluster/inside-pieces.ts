/** How many living nodes of the cluster have each piece, and which are being fetched by one of them. */
import type { PieceIndex } from '../../shared/indices.ts';

export class InsidePieces {
  readonly #counts: Uint16Array;
  readonly #busy: Uint16Array;
  /** By node: as in a bitfield (BEP 3). */
  readonly #bits = new Map<string, Uint8Array>();
  readonly #busyOf = new Map<string, readonly PieceIndex[]>();

  constructor(pieceCount: number) {
    this.#counts = new Uint16Array(pieceCount);
    this.#busy = new Uint16Array(pieceCount);
  }

  has(piece: number): boolean {
    return this.countOf(piece) > 0;
  }

  countOf(piece: number): number {
    return this.#counts[piece] ?? 0;
  }

  isWith(node: string, piece: number): boolean {
    return ((this.#bits.get(node)?.[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  }

  /** A node is fetching it from outside. */
  isBusy(piece: number): boolean {
    return (this.#busy[piece] ?? 0) > 0;
  }

  /** `bits`: all pieces that the node has now. */
  told(node: string, bits: Uint8Array): void {
    const before = this.#bits.get(node);
    for (let byte = 0; byte < bits.length; byte++) {
      const [is, was] = [bits[byte] ?? 0, before?.[byte] ?? 0];
      if (is !== was) this.#change(byte, is, was);
    }
    this.#bits.set(node, bits);
  }

  busyWith(node: string, pieces: readonly PieceIndex[]): void {
    for (const piece of this.#busyOf.get(node) ?? []) this.#busy[piece] = (this.#busy[piece] ?? 0) - 1;
    const known = [...new Set(pieces)].filter((piece) => piece < this.#busy.length);
    for (const piece of known) this.#busy[piece] = (this.#busy[piece] ?? 0) + 1;
    this.#busyOf.set(node, known);
  }

  lost(node: string): void {
    const bits = this.#bits.get(node);
    if (bits !== undefined) this.told(node, new Uint8Array(bits.length));
    this.#bits.delete(node);
    this.busyWith(node, []);
    this.#busyOf.delete(node);
  }

  #change(byte: number, is: number, was: number): void {
    for (let bit = 0; bit < 8; bit++) {
      const mask = 0x80 >>> bit;
      const change = ((is & mask) === 0 ? 0 : 1) - ((was & mask) === 0 ? 0 : 1);
      const piece = byte * 8 + bit;
      if (change !== 0 && piece < this.#counts.length)
        this.#counts[piece] = (this.#counts[piece] ?? 0) + change;
    }
  }
}
