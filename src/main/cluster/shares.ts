/**
 * Which node of a cluster fetches which piece from outside. Each node computes it alone, by rendezvous hashing (Thaler and Ravishankar,
 * 1998): a piece belongs to the living node with the highest weight for it. So a node that is lost leaves its pieces to all others,
 * one that comes takes some from each, and nothing else moves.
 */

/** The weight of a node for a piece, 32 bits. */
function weightOf(seed: number, piece: number): number {
  let x = seed ^ Math.imul(piece + 1, 0x9e37_79b1);
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

interface Member {
  readonly id: string;
  readonly seed: number;
}

const NOBODY = 0xffff;

/** For each piece a member and its weight. */
class Places {
  readonly weights: Float64Array;
  /** Positions in `#members`. */
  readonly members: Uint16Array;

  constructor(pieceCount: number) {
    this.weights = new Float64Array(pieceCount).fill(-1);
    this.members = new Uint16Array(pieceCount).fill(NOBODY);
  }

  set(piece: number, member: number, weight: number): void {
    this.members[piece] = member;
    this.weights[piece] = weight;
  }
}

export class Shares {
  readonly #pieceCount: number;
  /** The members with the highest weight, and those with the second highest. */
  readonly #owners: Places;
  readonly #seconds: Places;
  /** The first one is this node. A place of a lost node is free for another. */
  readonly #members: (Member | null)[] = [];

  /** `id`: of this node, in hex, as those of all others. */
  constructor(id: string, pieceCount: number) {
    this.#pieceCount = pieceCount;
    this.#owners = new Places(pieceCount);
    this.#seconds = new Places(pieceCount);
    this.join(id);
  }

  isOurs(piece: number): boolean {
    return this.#owners.members[piece] === 0;
  }

  /** 0: it is ours; 1: ours when the owner is lost; 2: of others. */
  rankOfUs(piece: number): 0 | 1 | 2 {
    if (this.isOurs(piece)) return 0;
    return this.#seconds.members[piece] === 0 ? 1 : 2;
  }

  ownerOf(piece: number): string | null {
    return this.#idAt(this.#owners, piece);
  }

  /** Whose it is when the owner is lost; null if there is nobody else. */
  secondOf(piece: number): string | null {
    return this.#idAt(this.#seconds, piece);
  }

  /** For a node that is here already nothing changes. */
  join(id: string): void {
    if (this.#members.some((member) => member?.id === id)) return;
    const free = this.#members.indexOf(null);
    const at = free < 0 ? this.#members.length : free;
    const member = { id, seed: Number.parseInt(id.slice(0, 8), 16) };
    this.#members[at] = member;
    for (let piece = 0; piece < this.#pieceCount; piece++) this.#offer(piece, at, member);
  }

  leave(id: string): void {
    const at = this.#members.findIndex((member) => member?.id === id);
    if (at <= 0) return;
    this.#members[at] = null;
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (this.#owners.members[piece] !== at && this.#seconds.members[piece] !== at) continue;
      this.#owners.set(piece, NOBODY, -1);
      this.#seconds.set(piece, NOBODY, -1);
      for (const [other, member] of this.#members.entries())
        if (member !== null) this.#offer(piece, other, member);
    }
  }

  #idAt({ members }: Places, piece: number): string | null {
    return this.#members[members[piece] ?? NOBODY]?.id ?? null;
  }

  #offer(piece: number, at: number, { id, seed }: Member): void {
    const weight = weightOf(seed, piece);
    if (this.#isBefore(this.#owners, piece, weight, id)) {
      const { members, weights } = this.#owners;
      this.#seconds.set(piece, members[piece] as number, weights[piece] as number);
      this.#owners.set(piece, at, weight);
    } else if (this.#isBefore(this.#seconds, piece, weight, id)) this.#seconds.set(piece, at, weight);
  }

  /** All nodes must decide alike between equal weights. */
  #isBefore(places: Places, piece: number, weight: number, id: string): boolean {
    const there = places.weights[piece] as number;
    return weight > there || (weight === there && id > (this.#idAt(places, piece) ?? ''));
  }
}
