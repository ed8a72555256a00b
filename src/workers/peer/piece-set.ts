/**
 * The pieces of one peer. A seed takes no memory: most peers of a healthy swarm are seeds, and thousands of bitfields of a
 * large torrent would be most of our memory.
 */
import type { PieceIndex } from '../../shared/indices.ts';

export class PieceSet {
  readonly pieceCount: number;
  #count = 0;
  #losses = 0;
  #bits: Uint8Array | null = null;

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount;
  }

  get count(): number {
    return this.#count;
  }

  /** Differs after each change of the set. */
  get version(): number {
    return this.#count + 2 * this.#losses;
  }

  get complete(): boolean {
    return this.#count === this.pieceCount;
  }

  has(piece: number): boolean {
    if (this.#count === this.pieceCount) return true;
    return this.#bits !== null && ((this.#bits[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  }

  /** True if the piece is new to the set. */
  add(piece: PieceIndex): boolean {
    if (this.has(piece)) return false;
    this.#bits ??= new Uint8Array(Math.ceil(this.pieceCount / 8));
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
    this.#count += 1;
    this.#dropIfComplete();
    return true;
  }

  /** The set has this piece. */
  remove(piece: PieceIndex): void {
    this.#bits ??= fullBits(this.pieceCount);
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) & ~(0x80 >>> (piece & 7));
    this.#count -= 1;
    this.#losses += 1;
  }

  addAll(): void {
    this.#count = this.pieceCount;
    this.#bits = null;
  }

  /**
   * Adds a bitfield in wire format (BEP 3: high bit first). Returns false and changes nothing if it has the wrong length or
   * spare bits set.
   */
  addBitfield(payload: Uint8Array): boolean {
    if (payload.length !== Math.ceil(this.pieceCount / 8)) return false;
    const spare = payload.length * 8 - this.pieceCount;
    if (((payload.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) return false;
    if (this.complete) return true;
    const bits = Uint8Array.from(payload);
    const before = this.#bits;
    let count = 0;
    for (let i = 0; i < bits.length; i++) {
      if (before !== null) bits[i] = (bits[i] ?? 0) | (before[i] ?? 0);
      count += bitCount(bits[i] ?? 0);
    }
    this.#bits = bits;
    this.#count = count;
    this.#dropIfComplete();
    return true;
  }

  /** Calls `visit` for each piece of an incomplete set. */
  each(visit: (piece: PieceIndex) => void): void {
    for (let piece = 0; piece < this.pieceCount; piece++) if (this.has(piece)) visit(piece as PieceIndex);
  }

  /** A copy in wire format (BEP 3). */
  toBits(): Uint8Array {
    if (this.complete) return fullBits(this.pieceCount);
    return this.#bits === null ? new Uint8Array(Math.ceil(this.pieceCount / 8)) : Uint8Array.from(this.#bits);
  }

  #dropIfComplete(): void {
    if (this.#count === this.pieceCount) this.#bits = null;
  }
}

function fullBits(pieceCount: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff);
  const spare = bits.length * 8 - pieceCount;
  bits[bits.length - 1] = (0xff << spare) & 0xff;
  return bits;
}

function bitCount(byte: number): number {
  let n = byte - ((byte >>> 1) & 0x55);
  n = (n & 0x33) + ((n >>> 2) & 0x33);
  return (n + (n >>> 4)) & 0x0f;
}
