/** A node of a cluster, as the model of `cluster-model.ts` has it. */
import type { Cluster } from '../../src/main/cluster/cluster.ts';
import type { WorkLedger } from '../../src/main/cluster/outside-work.ts';
import type { HostPort } from '../../src/shared/compact-peers.ts';
import type { PieceState } from '../../src/shared/ledger.ts';
import type { PieceSide } from '../../src/shared/reserved-pieces.ts';

export const PORT = 6_881;

export function hostOf(index: number): HostPort {
  return { host: `10.0.${index >>> 8}.${index & 255}`, port: PORT };
}

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
  /** Verified pieces that it can give. */
  given = 0;
  outsideBytes = 0;
  nodeBytes = 0;
  isAlive = false;
  isFrozen = false;
  hasLeft = false;
  completeAt: number | null = null;
  readonly #gives: Uint8Array;
  #bits: Uint8Array = new Uint8Array(0);
  #bitsOf = -1;

  constructor(index: number, pieces: number, bytesPerS: number) {
    this.index = index;
    this.states = new Uint8Array(pieces);
    this.#gives = new Uint8Array(Math.ceil(pieces / 8));
    this.reserved = { outside: new Uint8Array(pieces), nodes: new Uint8Array(pieces) };
    this.bytesPerS = bytesPerS;
  }

  /** The pieces that it can give, as in a bitfield (BEP 3). */
  get bits(): Uint8Array {
    if (this.#bitsOf !== this.given) this.#bits = this.#gives.slice();
    this.#bitsOf = this.given;
    return this.#bits;
  }

  get ledger(): WorkLedger {
    const { states, reserved } = this;
    return {
      pieceCount: states.length,
      stateOf: (piece) => states[piece] as PieceState,
      reserved: {
        close: (side, piece, isClosed) => {
          const was = reserved[side][piece] === 1;
          reserved[side][piece] = isClosed ? 1 : 0;
          return was && !isClosed;
        },
        opened: () => {},
      },
    };
  }

  gives(piece: number): boolean {
    return ((this.#gives[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0;
  }

  /** From now on. */
  give(piece: number): void {
    this.#gives[piece >>> 3] = (this.#gives[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7));
    this.given += 1;
  }

  get acts(): boolean {
    return this.isAlive && !this.isFrozen && !this.hasLeft;
  }
}
