/**
 * Super-seeding (BEP 16), for the first seed of a torrent: it says that it has nothing, and offers each peer one piece at a time.
 * The next one comes when another peer has got that piece, so that each piece leaves the seed about once.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { SUPER_SEED_WAIT_MS } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { SwarmCount } from '../shard/swarm-count.ts';
import { encodeHave } from '../wire/encoder.ts';

/** A peer that is offered pieces. */
export interface OfferedPeer {
  readonly inSession: boolean;
  readonly pieces: PieceSet;
  /** It wants data from us. */
  readonly isInterested: boolean;
  /** Since when it may request; null: we choke it. */
  readonly uploads: { readonly unchokedAt: number | null };
  send(bytes: Uint8Array): void;
}

interface Offer {
  readonly piece: PieceIndex;
  readonly at: number;
  /** The peer has requested some of it. */
  isAsked: boolean;
  /** When the peer said that it has the piece; null before. */
  gotAt: number | null;
}

export class SuperSeeding implements SwarmCount {
  readonly #pieceCount: number;
  readonly #have: (piece: PieceIndex) => boolean;
  readonly #random: () => number;
  /** Peers of this shard that have each piece. */
  readonly #holders: Uint32Array;
  /** The last offer to each peer. */
  readonly #offers = new Map<OfferedPeer, Offer>();
  /** One peer: nobody passes anything on. */
  #isAlone = false;
  /** All pieces that a peer was ever offered. */
  readonly #offered = new WeakMap<OfferedPeer, Set<number>>();
  /** There was nothing to offer: it takes a look at all pieces to find that out. */
  readonly #nothingUntil = new WeakMap<OfferedPeer, number>();

  /** `have`: we can give the piece. */
  constructor(pieceCount: number, have: (piece: PieceIndex) => boolean, random: () => number) {
    this.#pieceCount = pieceCount;
    this.#have = have;
    this.#random = random;
    this.#holders = new Uint32Array(pieceCount);
  }

  countPieces(pieces: PieceSet, change: 1 | -1): void {
    pieces.each((piece) => this.#count(piece, change));
  }

  countPiece(_pieces: PieceSet, piece: PieceIndex): void {
    this.#count(piece, 1);
  }

  uncountPiece(_pieces: PieceSet, piece: PieceIndex): void {
    this.#count(piece, -1);
  }

  #count(piece: PieceIndex, change: 1 | -1): void {
    this.#holders[piece] = (this.#holders[piece] ?? 0) + change;
  }

  /** The peer requests a block of it: it may only if it was offered. */
  asks(peer: OfferedPeer, piece: PieceIndex): boolean {
    const offer = this.#offers.get(peer);
    if (offer?.piece === piece) offer.isAsked = true;
    return this.#offered.get(peer)?.has(piece) === true;
  }

  /** A peer says that it has a piece. If it was offered to others, they have passed it on. */
  told(peer: OfferedPeer, piece: number, now: number): void {
    const own = this.#offers.get(peer);
    if (own?.piece === piece) own.gotAt ??= now;
    if (own?.piece === piece && this.#isAlone) this.#offer(peer, now);
    for (const [other, offer] of this.#offers)
      if (other !== peer && offer.piece === piece && offer.gotAt !== null) this.#offer(other, now);
  }

  left(peer: OfferedPeer): void {
    this.#offers.delete(peer);
  }

  /**
   * Offers a piece to new peers, and the next one to those whose piece nobody else took for a while, and to those that could have
   * requested it and do not want it.
   */
  tick(peers: Iterable<OfferedPeer>, now: number): void {
    const there = [...peers].filter(({ inSession, pieces }) => inSession && !pieces.complete);
    this.#isAlone = there.length === 1;
    for (const peer of there) if (this.#isDue(peer, now)) this.#offer(peer, now);
  }

  #isDue(peer: OfferedPeer, now: number): boolean {
    if (now < (this.#nothingUntil.get(peer) ?? 0)) return false;
    const offer = this.#offers.get(peer);
    if (offer === undefined) return true;
    const { gotAt, isAsked, at } = offer;
    if (gotAt !== null) return this.#isAlone || now - gotAt >= SUPER_SEED_WAIT_MS;
    if (isAsked) return false;
    // Who waits for its place cannot ask.
    const couldAsk = peer.isInterested ? peer.uploads.unchokedAt : at;
    return couldAsk !== null && now - Math.max(at, couldAsk) >= SUPER_SEED_WAIT_MS;
  }

  #offer(peer: OfferedPeer, now: number): void {
    if (!peer.inSession) return;
    const offered = this.#offered.get(peer) ?? new Set();
    this.#offered.set(peer, offered);
    const piece = this.#rarestFor(peer, offered);
    if (piece === null) {
      this.#nothingUntil.set(peer, now + SUPER_SEED_WAIT_MS);
      return;
    }
    this.#offers.set(peer, { piece, at: now, isAsked: false, gotAt: null });
    offered.add(piece);
    peer.send(encodeHave(piece));
  }

  /** The piece that fewest have or were offered, of those that it lacks and was not offered; null if there is none. */
  #rarestFor({ pieces }: OfferedPeer, offered: ReadonlySet<number>): PieceIndex | null {
    const underWay = new Map<number, number>();
    for (const { piece, gotAt } of this.#offers.values())
      if (gotAt === null) underWay.set(piece, (underWay.get(piece) ?? 0) + 1);
    const from = Math.floor(this.#random() * this.#pieceCount);
    let [best, fewest] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < this.#pieceCount && fewest > 0; i++) {
      const piece = (from + i) % this.#pieceCount;
      if (pieces.has(piece) || offered.has(piece) || !this.#have(piece as PieceIndex)) continue;
      const count = (this.#holders[piece] ?? 0) + (underWay.get(piece) ?? 0);
      if (count < fewest) [best, fewest] = [piece, count];
    }
    return best < 0 ? null : (best as PieceIndex);
  }
}
