/** The pieces of one peer, as it tells them: checked, counted in the swarm's availability, and kept for later at first. */
import type { CloseCode } from '../../shared/close-reason.ts';
import { pieceIndex } from '../../shared/indices.ts';
import { MESSAGE } from '../wire/message.ts';
import { EarlyPieces } from './early-pieces.ts';
import type { PeerDriver } from './peer-driver.ts';
import type { PeerHost } from './peer-host.ts';
import { PieceSet } from './piece-set.ts';

/** What is known of a peer's pieces while the torrent is not. */
export const NO_PIECES = new PieceSet(1);

/** Why the peer must go; or whether it has more than before. */
type Told = CloseCode | 'more' | 'nothing-new';

export class ToldPieces {
  readonly #peer: PeerDriver;
  readonly #host: PeerHost;
  #set: PieceSet | null = null;
  #early: EarlyPieces | null = null;

  constructor(peer: PeerDriver, host: PeerHost) {
    this.#peer = peer;
    this.#host = host;
  }

  get set(): PieceSet {
    if (this.#set === null && this.#host.pieceCount !== null) this.#set = new PieceSet(this.#host.pieceCount);
    return this.#set ?? NO_PIECES;
  }

  /** A bitfield, have-all or have-none. */
  all(id: number, payload: Uint8Array): Told {
    if (this.#host.pieceCount === null) return this.#tellEarly(id, payload);
    this.#host.countPieces(this.#peer, -1);
    if (id === MESSAGE.haveAll) this.set.addAll();
    const isGood = id !== MESSAGE.bitfield || this.set.addBitfield(payload);
    this.#host.countPieces(this.#peer, 1);
    return isGood ? 'more' : 'bad-bitfield';
  }

  one(index: number): Told {
    const { pieceCount } = this.#host;
    if (pieceCount === null) {
      this.#early ??= new EarlyPieces(this.#host.earlyBudget);
      return this.#early.tellHave(index) ? 'nothing-new' : 'too-early';
    }
    const piece = pieceIndex(index, pieceCount);
    if (piece === null) return 'bad-piece-index';
    if (!this.set.add(piece)) return 'nothing-new';
    this.#host.countPiece(this.#peer, piece);
    return 'more';
  }

  /** The torrent has become known: what was told before can be believed or not. */
  torrentKnown(): Told {
    const early = this.#early;
    this.#early = null;
    if (early === null) return 'nothing-new';
    const fault = early.into(this.set);
    early.forget();
    this.#host.countPieces(this.#peer, 1);
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
    return this.#early.tellBitfield(payload) ? 'nothing-new' : 'too-early';
  }
}
