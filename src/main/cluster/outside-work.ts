/**
 * What this node fetches from outside: its share, what others gave it of theirs, and nothing that a living node has or is fetching.
 * A node with nothing left asks another one, which gives a part of what it has not begun, by the rates of both: so all finish together,
 * however fast each one's line is, and no piece is fetched twice.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { HANDOVER_MS, HANDOVER_RETURN_MS, MAX_NODE_PIECES, SLOW_NODE_PIECE_MS } from '../../shared/limits.ts';
import type { InsidePieces } from './inside-pieces.ts';
import type { Shares } from './shares.ts';
import type { Fetchers } from './vouching.ts';

/** Slow pieces that are given away as well, at one time. */
const MOST_SLOW_PIECES = 4;

/** What a look saw. */
export interface Outlook {
  /** Pieces that may be begun outside. */
  readonly free: readonly PieceIndex[];
  /** Pieces that are being fetched from outside. */
  readonly busy: readonly PieceIndex[];
  /** Pieces are missing that no living node has. */
  readonly isNeeded: boolean;
}

const NOTHING: Outlook = { free: [], busy: [], isNeeded: false };

export type WorkLedger = Pick<Ledger, 'pieceCount' | 'stateOf' | 'reserve'>;

export class OutsideWork {
  readonly #ledger: WorkLedger;
  readonly #shares: Shares;
  readonly #inside: InsidePieces;
  readonly #pieceLength: number;
  /** Pieces of others that are ours to fetch. */
  readonly #got = new Set<PieceIndex>();
  /** Pieces of ours that others fetch. */
  readonly #given = new Map<PieceIndex, { readonly to: string; readonly at: number }>();
  readonly #busySince = new Map<PieceIndex, number>();
  /** Slow ones that another node fetches as well. */
  readonly #doubled = new Set<PieceIndex>();
  #outlook = NOTHING;
  /** Who fetches from outside. */
  fetchers: Fetchers = 'all';

  constructor(ledger: WorkLedger, shares: Shares, inside: InsidePieces, pieceLength: number) {
    this.#ledger = ledger;
    this.#shares = shares;
    this.#inside = inside;
    this.#pieceLength = pieceLength;
  }

  get outlook(): Outlook {
    return this.#outlook;
  }

  /** Tells the shards what may be fetched from outside. `isStalled`: everything, because nothing arrives. `now`: milliseconds. */
  look(now: number, isStalled: boolean): void {
    const free: PieceIndex[] = [];
    const busy: PieceIndex[] = [];
    let isNeeded = false;
    for (let at = 0; at < this.#ledger.pieceCount; at++) {
      const piece = at as PieceIndex;
      const state = this.#ledger.stateOf(piece);
      if (state >= PIECE_STATE.verified) continue;
      const isInside = this.#inside.has(piece);
      isNeeded ||= !isInside && state === PIECE_STATE.missing;
      const isOpen = this.fetchers !== 'another' && (isStalled || (!isInside && this.#isHeld(piece, now)));
      this.#ledger.reserve(piece, !isOpen);
      if (state === PIECE_STATE.missing && isOpen) free.push(piece);
      if (state !== PIECE_STATE.missing && !isInside) busy.push(piece);
    }
    this.#outlook = { free, busy, isNeeded };
    this.#noteBusy(busy, now);
  }

  /** Pieces for a node that has nothing left. `ours` and `theirs`: bytes per second. They are its own from now on. */
  give(to: string, theirs: number, ours: number, now: number): PieceIndex[] {
    const { free } = this.#outlook;
    const pieces = free.length === 0 ? this.#slow(theirs, now) : this.#spare(free, theirs, ours);
    for (const piece of pieces) {
      this.#got.delete(piece);
      this.#given.set(piece, { to, at: now });
      // A slow piece stays open here: who is first has it.
      if (free.length > 0) this.#ledger.reserve(piece, true);
    }
    if (free.length > 0) {
      const left = new Set(pieces);
      this.#outlook = { ...this.#outlook, free: free.filter((piece) => !left.has(piece)) };
    }
    return pieces;
  }

  /** Another node gave these. */
  take(pieces: readonly PieceIndex[]): void {
    for (const piece of pieces) {
      if (piece >= this.#ledger.pieceCount) continue;
      this.#got.add(piece);
      this.#given.delete(piece);
    }
  }

  /** What it was to fetch falls back to us. */
  lost(node: string): void {
    for (const [piece, { to }] of this.#given) if (to === node) this.#given.delete(piece);
  }

  #isHeld(piece: PieceIndex, now: number): boolean {
    if (this.fetchers === 'us' || this.#got.has(piece)) return true;
    const given = this.#given.get(piece);
    if (given !== undefined && now - given.at < HANDOVER_RETURN_MS) return this.#doubled.has(piece);
    return this.#shares.isOurs(piece) && !this.#inside.isBusy(piece);
  }

  /** A part of what nobody has begun, so that both finish together; of the end, because what comes first may be begun at any moment. */
  #spare(free: readonly PieceIndex[], theirs: number, ours: number): PieceIndex[] {
    // One whose rate is not known yet gets one piece.
    const part = theirs === 0 ? free.length / 2 : (free.length * theirs) / (theirs + ours);
    const most = Math.max(1, Math.ceil((theirs * HANDOVER_MS) / 1_000 / this.#pieceLength));
    const count = Math.min(Math.round(part), most, MAX_NODE_PIECES);
    return count <= 0 ? [] : free.slice(-count);
  }

  #slow(theirs: number, now: number): PieceIndex[] {
    const patience = SLOW_NODE_PIECE_MS + (2_000 * this.#pieceLength) / Math.max(1, theirs);
    const slow = this.#outlook.busy.filter(
      (piece) => !this.#doubled.has(piece) && now - (this.#busySince.get(piece) ?? now) >= patience,
    );
    const pieces = slow.slice(0, MOST_SLOW_PIECES);
    for (const piece of pieces) this.#doubled.add(piece);
    return pieces;
  }

  #noteBusy(busy: readonly PieceIndex[], now: number): void {
    const still = new Set(busy);
    for (const piece of this.#busySince.keys()) if (!still.has(piece)) this.#busySince.delete(piece);
    for (const piece of busy) if (!this.#busySince.has(piece)) this.#busySince.set(piece, now);
  }
}
