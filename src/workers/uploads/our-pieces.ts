/** The pieces that we can give to peers: they are verified, and all of their bytes are in our files. And what peers are told of them. */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { MAX_FOUND_TOLD_PIECES } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { encodeBitfield, encodeHave } from '../wire/encoder.ts';

export class OurPieces {
  readonly #ledger: Ledger;
  readonly #kept: Uint8Array | null;
  readonly #withheld = new Set<PieceIndex>();
  /** Those of files that cannot be read now. */
  readonly #hidden = new Set<PieceIndex>();
  #bitfield: { readonly of: string; readonly bytes: Buffer } | null = null;

  /** `kept`: 1 for each piece whose bytes are all in our files; null if all are. */
  constructor(ledger: Ledger, kept: Uint8Array | null) {
    this.#ledger = ledger;
    this.#kept = kept;
  }

  get pieceCount(): number {
    return this.#ledger.pieceCount;
  }

  has(piece: PieceIndex): boolean {
    if (this.#ledger.stateOf(piece) !== PIECE_STATE.verified) return false;
    return this.#kept?.[piece] !== 0 && !this.#withheld.has(piece) && !this.#hidden.has(piece);
  }

  /** We have every piece of the torrent. */
  get complete(): boolean {
    return this.#ledger.verifiedCount === this.pieceCount && this.#keepsAll;
  }

  /** These were verified and not written: a file that is not ours is in their place. */
  withhold(pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) this.#withheld.add(piece);
  }

  /** Their file cannot be read: new peers do not hear of these. Returns those that others may have heard of. */
  hide(first: number, last: number): readonly PieceIndex[] {
    const pieces = Array.from({ length: last - first + 1 }, (_, i) => (first + i) as PieceIndex);
    const had = pieces.filter((piece) => this.has(piece));
    for (const piece of pieces) this.#hidden.add(piece);
    return had;
  }

  /** Its file could not be read. */
  isHidden(piece: PieceIndex): boolean {
    return this.#hidden.has(piece);
  }

  /** Their files may be there again. Returns the pieces that we have then. */
  showAgain(): readonly PieceIndex[] {
    const hidden = [...this.#hidden];
    this.#hidden.clear();
    return hidden.filter((piece) => this.has(piece));
  }

  get #keepsAll(): boolean {
    return this.#kept === null && this.#withheld.size + this.#hidden.size === 0;
  }

  /** Some of them, from this one on: as many as are told at one time. */
  from(first: number): readonly PieceIndex[] {
    const found: PieceIndex[] = [];
    for (let piece = first; piece < this.pieceCount && found.length < MAX_FOUND_TOLD_PIECES; piece++)
      if (this.has(piece as PieceIndex)) found.push(piece as PieceIndex);
    return found;
  }

  /** The message that tells a new peer which pieces we have (BEP 3); null while we have none. */
  get bitfield(): Buffer | null {
    const { verifiedCount } = this.#ledger;
    if (verifiedCount === 0) return null;
    const of = `${verifiedCount} ${this.#withheld.size} ${this.#hidden.size}`;
    if (this.#bitfield?.of !== of) this.#bitfield = { of, bytes: encodeBitfield(this.#bits()) };
    return this.#bitfield.bytes;
  }

  #bits(): Uint8Array {
    const bits = this.#ledger.verifiedBits();
    if (this.#keepsAll) return bits;
    for (let piece = 0; piece < this.pieceCount; piece++)
      if (!this.has(piece as PieceIndex))
        bits[piece >>> 3] = (bits[piece >>> 3] ?? 0) & ~(0x80 >>> (piece & 7));
    return bits;
  }
}

/** A peer that is told about our pieces. */
export interface ToldPeer {
  readonly inSession: boolean;
  readonly pieces: PieceSet;
  send(bytes: Uint8Array): void;
}

/**
 * Sends HAVE to every peer that is not a seed, also for pieces that it has: a super-seeding peer (BEP 16) offers the next
 * piece only after a HAVE for the last one.
 */
export function tellPieces(pieces: readonly PieceIndex[], peers: Iterable<ToldPeer>): void {
  if (pieces.length === 0) return;
  const news = Buffer.concat(pieces.map(encodeHave));
  for (const peer of [...peers]) if (peer.inSession && !peer.pieces.complete) peer.send(news);
}
