/**
 * Super-seeding (BEP 16), for the first seed of a torrent: it says that it has nothing, and offers each peer one piece at a time.
 * The next one comes when another peer has got that piece, so that each piece leaves the seed about once.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { SUPER_SEED_WAIT_MS } from '../../shared/limits.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { encodeHave } from '../wire/encoder.ts';

/** A peer that is offered pieces. */
export interface OfferedPeer {
  readonly inSession: boolean;
  readonly pieces: PieceSet;
  send(bytes: Uint8Array): void;
}

interface Offer {
  readonly piece: PieceIndex;
  /** When the peer said that it has the piece; null before. */
  gotAt: number | null;
}

export class SuperSeeding {
  readonly #pieceCount: number;
  readonly #random: () => number;
  /** Peers of this shard that have each piece. */
  readonly #holders: Uint32Array;
  /** The last offer to each peer. */
  readonly #offers = new Map<OfferedPeer, Offer>();
  /** One peer: nobody passes anything on. */
  #isAlone = false;
  /** All pieces that a peer was ever offered. */
  readonly #offered = new WeakMap<object, Set<number>>();

  constructor(pieceCount: number, random: () => number) {
    this.#pieceCount = pieceCount;
    this.#random = random;
    this.#holders = new Uint32Array(pieceCount);
  }

  /** The peer may request only what it was offered. */
  mayGet(peer: object, piece: number): boolean {
    return this.#offered.get(peer)?.has(piece) === true;
  }

  /** A peer says that it has a piece. If it was offered to others, they have passed it on. */
  told(peer: OfferedPeer, piece: number, now: number): void {
    this.#holders[piece] = (this.#holders[piece] ?? 0) + 1;
    const own = this.#offers.get(peer);
    if (own?.piece === piece) own.gotAt ??= now;
    if (own?.piece === piece && this.#isAlone) this.#offer(peer);
    for (const [other, offer] of this.#offers)
      if (other !== peer && offer.piece === piece && offer.gotAt !== null) this.#offer(other);
  }

  left(peer: OfferedPeer): void {
    this.#offers.delete(peer);
  }

  /** Offers a piece to new peers, and the next one to those whose piece nobody else took for a while. */
  tick(peers: Iterable<OfferedPeer>, now: number): void {
    const there = [...peers].filter(({ inSession, pieces }) => inSession && !pieces.complete);
    this.#isAlone = there.length === 1;
    for (const peer of there) {
      const offer = this.#offers.get(peer);
      const waited = offer === undefined ? 0 : now - (offer.gotAt ?? now);
      if (offer === undefined || (offer.gotAt !== null && (this.#isAlone || waited >= SUPER_SEED_WAIT_MS)))
        this.#offer(peer);
    }
  }

  #offer(peer: OfferedPeer): void {
    if (!peer.inSession) return;
    const piece = this.#rarestFor(peer);
    if (piece === null) return;
    this.#offers.set(peer, { piece, gotAt: null });
    const offered = this.#offered.get(peer) ?? new Set();
    this.#offered.set(peer, offered.add(piece));
    peer.send(encodeHave(piece));
  }

  /** The piece that fewest have or were offered, of those that it lacks; null if it lacks none. */
  #rarestFor({ pieces }: OfferedPeer): PieceIndex | null {
    const underWay = new Map<number, number>();
    for (const { piece, gotAt } of this.#offers.values())
      if (gotAt === null) underWay.set(piece, (underWay.get(piece) ?? 0) + 1);
    const from = Math.floor(this.#random() * this.#pieceCount);
    let [best, fewest] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < this.#pieceCount && fewest > 0; i++) {
      const piece = (from + i) % this.#pieceCount;
      if (pieces.has(piece)) continue;
      const count = (this.#holders[piece] ?? 0) + (underWay.get(piece) ?? 0);
      if (count < fewest) [best, fewest] = [piece, count];
    }
    return best < 0 ? null : (best as PieceIndex);
  }
}
