/** The pieces that one peer announced: checked, counted in the swarm's availability, and stored while the torrent is unknown. */
import type { CloseCode } from '../../shared/close-reason.ts';
import { type PieceIndex, pieceIndex } from '../../shared/indices.ts';
import { USEFULNESS_LOOK_PIECES } from '../../shared/limits.ts';
import { MESSAGE } from '../wire/message.ts';
import { EarlyPieces } from './early-pieces.ts';
import type { PeerHost } from './peer-host.ts';
import { PieceSet } from './piece-set.ts';

/** A peer's pieces while the torrent is unknown. */
export const NO_PIECES = new PieceSet(1);

/** The reason to close the peer, or whether it has more pieces than before. */
export type Told = CloseCode | 'more' | 'nothing-new';
/** The same where it may have fewer. */
export type Lost = CloseCode | 'fewer' | 'nothing-new';

export class ToldPieces {
  readonly #host: PeerHost;
  #set: PieceSet | null = null;
  #early: EarlyPieces | null = null;
  /** A piece that it has and we want, or the position of the search for one. */
  #example = 0;
  /** Pieces not yet searched. */
  #unseen = 0;
  /** Result of the last search; null during the first one. */
  #useful: boolean | null = null;

  constructor(host: PeerHost) {
    this.#host = host;
  }

  get set(): PieceSet {
    if (this.#set === null && this.#host.torrent.pieceCount !== null)
      this.#set = new PieceSet(this.#host.torrent.pieceCount);
    return this.#set ?? NO_PIECES;
  }

  /** A bitfield, have-all or have-none. */
  all(id: number, payload: Uint8Array): Told {
    if (this.#host.torrent.pieceCount === null) return this.#tellEarly(id, payload);
    if (id === MESSAGE.haveNone) return 'more';
    this.#host.torrent.swarm.countPieces(this.set, -1);
    if (id === MESSAGE.haveAll) this.set.addAll();
    const isGood = id !== MESSAGE.bitfield || this.set.addBitfield(payload);
    this.#host.torrent.swarm.countPieces(this.set, 1);
    this.#unseen = this.set.pieceCount;
    return isGood ? 'more' : 'bad-bitfield';
  }

  one(index: number): Told {
    const { pieceCount } = this.#host.torrent;
    if (pieceCount === null) {
      this.#early ??= new EarlyPieces(this.#host.earlyBudget);
      return this.#early.tellHave(index) ? 'nothing-new' : 'too-early';
    }
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    if (!this.set.add(piece)) return 'nothing-new';
    this.#host.torrent.swarm.countPiece(this.set, piece);
    if (this.#host.torrent.wanted.isWanted(piece)) this.#example = piece;
    return 'more';
  }

  /** It no longer has the piece (BEP 54). While the torrent is unknown this is not kept: the request will be rejected. */
  lost(index: number): Lost {
    const { pieceCount } = this.#host.torrent;
    if (pieceCount === null) return 'nothing-new';
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    if (!this.set.has(piece)) return 'nothing-new';
    if (this.set.complete) this.#unseen = pieceCount;
    this.#host.torrent.swarm.uncountPiece(this.set, piece);
    this.set.remove(piece);
    return 'fewer';
  }

  /**
   * Whether it has a piece that we want. One example is kept and checked again: a search through all pieces is long, so it is
   * done in parts, and the last result holds until it ends. Null while the peer has announced nothing.
   */
  isUseful(): boolean | null {
    const { set } = this;
    if (set.count === 0) return false;
    if (set.complete) return !this.#host.torrent.wanted.complete;
    if (this.#isExample(this.#example) || this.#searchOn()) {
      this.#unseen = set.pieceCount;
      this.#useful = true;
    } else if (this.#unseen === 0) this.#useful = false;
    return this.#useful;
  }

  /** As pieces become verified, it may have nothing left for us. `useful`: what was found the last time. */
  differsFrom(useful: boolean | null): boolean {
    return this.#unseen > 0 && this.isUseful() !== useful;
  }

  /** True if it found an example. */
  #searchOn(): boolean {
    const end = Math.max(0, this.#unseen - USEFULNESS_LOOK_PIECES);
    while (this.#unseen > end) {
      this.#unseen -= 1;
      this.#example = (this.#example + 1) % this.set.pieceCount;
      if (this.#isExample(this.#example)) return true;
    }
    return false;
  }

  #isExample(piece: number): boolean {
    return this.set.has(piece) && this.#host.torrent.wanted.isWanted(piece as PieceIndex);
  }

  /** The torrent is known now: what was announced before is valid or not. */
  torrentKnown(): Told {
    const early = this.#early;
    this.#early = null;
    if (early === null) return 'nothing-new';
    const fault = early.into(this.set);
    early.forget();
    this.#host.torrent.swarm.countPieces(this.set, 1);
    this.#unseen = this.set.pieceCount;
    return fault ?? 'more';
  }

  forget(): void {
    this.#early?.forget();
    this.#early = null;
  }

  #tellEarly(id: number, payload: Uint8Array): Told {
    this.#early ??= new EarlyPieces(this.#host.earlyBudget);
    if (id === MESSAGE.haveAll) this.#early.tellAll();
    if (id !== MESSAGE.bitfield) return 'nothing-new';
    return this.#early.tellBitfield(payload) ?? 'nothing-new';
  }
}
