/**
 * The data of the swarm: each block is a function of the seed, its piece and its place, so no file is needed, and a block in
 * the wrong place is detected.
 */
import { createHash } from 'node:crypto';
import { Dice } from './random.ts';

const BLOCK_BYTES = 16_384;
const PATTERNS = 7;

export class Payload {
  readonly totalLength: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  readonly #patterns: Buffer;

  constructor(totalLength: number, pieceLength: number, seed: number) {
    this.totalLength = totalLength;
    this.pieceLength = pieceLength;
    this.pieceCount = Math.ceil(totalLength / pieceLength);
    const dice = new Dice(seed);
    this.#patterns = Buffer.allocUnsafe(PATTERNS * BLOCK_BYTES);
    for (let at = 0; at < this.#patterns.length; at += 4) {
      this.#patterns.writeUInt32LE(Math.floor(dice.next() * 4_294_967_296), at);
    }
  }

  lengthOfPiece(piece: number): number {
    return Math.min(this.pieceLength, this.totalLength - piece * this.pieceLength);
  }

  /** Writes `[begin, begin + length)` of a piece into `into` at `at`. */
  copy(piece: number, begin: number, length: number, into: Buffer, at: number): void {
    let done = 0;
    while (done < length) {
      const block = Math.floor((begin + done) / BLOCK_BYTES);
      const within = (begin + done) % BLOCK_BYTES;
      const count = Math.min(BLOCK_BYTES - within, length - done);
      const pattern = ((piece * 3 + block) % PATTERNS) * BLOCK_BYTES;
      this.#patterns.copy(into, at + done, pattern + within, pattern + within + count);
      stamp(into, at + done - within, within, count, piece, block);
      done += count;
    }
  }

  /** SHA-1 of every piece, one after the other (BEP 3 `pieces`). */
  hashes(): Buffer {
    const hashes = Buffer.allocUnsafe(this.pieceCount * 20);
    const bytes = Buffer.allocUnsafe(this.pieceLength);
    for (let piece = 0; piece < this.pieceCount; piece++) {
      const length = this.lengthOfPiece(piece);
      this.copy(piece, 0, length, bytes, 0);
      createHash('sha1')
        .update(bytes.subarray(0, length))
        .digest()
        .copy(hashes, piece * 20);
    }
    return hashes;
  }
}

/** The first 8 bytes of a block name its piece and its place; only those in the requested range are written. */
function stamp(
  into: Buffer,
  blockAt: number,
  within: number,
  count: number,
  piece: number,
  block: number,
): void {
  for (let i = within; i < Math.min(8, within + count); i++) {
    const word = i < 4 ? piece : block;
    into[blockAt + i] = (word >>> (8 * (3 - (i & 3)))) & 0xff;
  }
}
