/** A node of a cluster, as the model of `cluster-model.ts` has it. */
import type { Cluster } from '../../src/main/cluster/cluster.ts';
import { PIECE_STATE } from '../../src/shared/ledger.ts';
import type { PieceSide } from '../../src/shared/reserved-pieces.ts';

export class ModelNode {
  readonly index: number;
  readonly states: Uint8Array;
  readonly reserved: Readonly<Record<PieceSide, Uint8Array>>;
  readonly bytesPerS: number;
  readonly connected = new Set<number>();
  readonly admitted = new Map<number, number>();
  /** Pieces in work outside, with the bytes that have come of each. */
  readonly work = new Map<number, number>();
  /** How many of the pieces that came from outside anywhere it has looked at, and those that no node had then. */
  seen = 0;
  readonly passedOver: number[] = [];
  /** While it is frozen. */
  readonly unheard: (() => void)[] = [];
  cluster: Cluster | null = null;
  verified = 0;
  outsideBytes = 0;
  nodeBytes = 0;
  isAlive = false;
  isFrozen = false;
  hasLeft = false;
  completeAt: number | null = null;
  #bits: Uint8Array = new Uint8Array(0);
  #bitsOf = -1;

  constructor(index: number, pieces: number, bytesPerS: number) {
    this.index = index;
    this.states = new Uint8Array(pieces);
    this.reserved = { outside: new Uint8Array(pieces), nodes: new Uint8Array(pieces) };
    this.bytesPerS = bytesPerS;
  }

  /** As in a bitfield (BEP 3). */
  get bits(): Uint8Array {
    if (this.#bitsOf !== this.verified) this.#bits = bitsOf(this.states);
    this.#bitsOf = this.verified;
    return this.#bits;
  }

  get acts(): boolean {
    return this.isAlive && !this.isFrozen && !this.hasLeft;
  }
}

function bitsOf(states: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(states.length / 8));
  for (let piece = 0; piece < states.length; piece++)
    if (states[piece] === PIECE_STATE.verified)
      bits[piece >>> 3] = (bits[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
  return bits;
}
