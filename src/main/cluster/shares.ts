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

export class Shares {
  readonly #pieceCount: number;
  readonly #weights: Float64Array;
  /** Positions in `#members`. */
  readonly #owners: Uint16Array;
  /** The first one is this node. A place of a lost node is free for another. */
  readonly #members: (Member | null)[] = [];

  /** `id`: of this node, in hex, as those of all others. */
  constructor(id: string, pieceCount: number) {
    this.#pieceCount = pieceCount;
    this.#weights = new Float64Array(pieceCount).fill(-1);
    this.#owners = new Uint16Array(pieceCount);
    this.join(id);
  }

  isOurs(piece: number): boolean {
    return this.#owners[piece] === 0;
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
      if (this.#owners[piece] !== at) continue;
      this.#weights[piece] = -1;
      for (const [other, member] of this.#members.entries())
        if (member !== null) this.#offer(piece, other, member);
    }
  }

  #offer(piece: number, at: number, { id, seed }: Member): void {
    const weight = weightOf(seed, piece);
    const best = this.#weights[piece] as number;
    // All nodes must decide alike between equal weights.
    const owner = this.#members[this.#owners[piece] as number]?.id ?? '';
    if (weight < best || (weight === best && id <= owner)) return;
    this.#weights[piece] = weight;
    this.#owners[piece] = at;
  }
}
