/**
 * What this node may fetch from where. From nodes: what `couriers.ts` lets it take. From outside: its share, what others gave it of theirs, and nothing that a living node has or is fetching.
 * A node with nothing left asks others, and each gives a part of what it has not begun, by the rates of both: so all finish together,
 * however fast each one's line is. Only pieces that are slow in work are fetched twice.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { HANDOVER_MS, HANDOVER_RETURN_MS, MAX_NODE_PIECES, SLOW_NODE_PIECE_MS } from '../../shared/limits.ts';
import type { ReservedPieces } from '../../shared/reserved-pieces.ts';
import type { Couriers } from './couriers.ts';
import type { InsidePieces } from './inside-pieces.ts';
import type { Shares } from './shares.ts';
import type { Fetchers } from './vouching.ts';

/** Slow pieces that are given away as well, at one time. */
const MOST_SLOW_PIECES = 4;
/** A node with a line that much faster takes them also while others are left: they would be the last ones. */
const FAR_FASTER = 4;

interface Pieces {
  /** Those that may be begun outside. */
  readonly free: PieceIndex[];
  /** Those that are being fetched from outside. */
  readonly busy: PieceIndex[];
}

/** What a look saw. */
export interface Outlook extends Pieces {
  /** Pieces at the edges of a selection of files: no node can give them to another, so each fetches them itself. */
  readonly edges: Pieces;
  /** Pieces are missing that no living node has. */
  readonly isNeeded: boolean;
}

interface Given {
  readonly to: string;
  readonly at: number;
  readonly isDoubled: boolean;
}

const NOTHING: Outlook = { free: [], busy: [], edges: { free: [], busy: [] }, isNeeded: false };

export interface WorkLedger extends Pick<Ledger, 'pieceCount' | 'stateOf'> {
  readonly reserved: Pick<ReservedPieces, 'close' | 'opened'>;
}

export class OutsideWork {
  readonly #ledger: WorkLedger;
  readonly #shares: Shares;
  readonly #inside: InsidePieces;
  readonly #couriers: Couriers;
  readonly #pieceLength: number;
  /** 0 for each piece that only a part of is in the files of this node, and so of all that want the same; null if there is none. */
  readonly #kept: Uint8Array | null;
  /** Pieces of others that are ours to fetch. */
  readonly #got = new Set<PieceIndex>();
  /** Pieces of ours that others fetch. `isDoubled`: this node has begun it, and goes on. */
  readonly #given = new Map<PieceIndex, Given>();
  readonly #busySince = new Map<PieceIndex, number>();
  #outlook = NOTHING;
  /** Who fetches from outside. */
  fetchers: Fetchers = 'all';

  constructor(
    ledger: WorkLedger,
    shares: Shares,
    inside: InsidePieces,
    couriers: Couriers,
    pieceLength: number,
    kept: Uint8Array | null,
  ) {
    this.#ledger = ledger;
    this.#shares = shares;
    this.#inside = inside;
    this.#couriers = couriers;
    this.#pieceLength = pieceLength;
    this.#kept = kept;
  }

  get outlook(): Outlook {
    return this.#outlook;
  }

  /** Tells the shards what may be fetched from where. `isStalled`: everything from outside, because nothing arrives. `now`: milliseconds. */
  look(now: number, isStalled: boolean): void {
    const shared: Pieces = { free: [], busy: [] };
    const edges: Pieces = { free: [], busy: [] };
    let [isNeeded, hasOpened] = [false, false];
    for (let at = 0; at < this.#ledger.pieceCount; at++) {
      const piece = at as PieceIndex;
      const state = this.#ledger.stateOf(piece);
      if (state >= PIECE_STATE.verified) continue;
      const isMissing = state === PIECE_STATE.missing;
      const [isInside, isEdge] = [this.#inside.has(piece), this.#kept?.[piece] === 0];
      const isOpen = this.#isOpen(piece, isEdge, now, isStalled);
      const isOthers = isMissing && !isEdge && !this.#couriers.mayTake(piece, now);
      hasOpened = this.#reserve(piece, isOpen, isOthers) || hasOpened;
      isNeeded ||= isMissing && !isInside && !isEdge;
      if (isMissing ? !isOpen : isInside) continue;
      (isEdge ? edges : shared)[isMissing ? 'free' : 'busy'].push(piece);
    }
    if (hasOpened) this.#ledger.reserved.opened();
    this.#outlook = { ...shared, edges, isNeeded };
    this.#noteBusy(shared.busy, now);
  }

  /** Pieces for a node that has nothing left. `ours` and `theirs`: bytes per second. They are its own from now on. */
  give(to: string, theirs: number, ours: number, now: number): PieceIndex[] {
    // The look may be a second old.
    const free = this.#outlook.free.filter((piece) => this.#ledger.stateOf(piece) === PIECE_STATE.missing);
    const spare = this.#spare(free, theirs, ours);
    const slow =
      free.length === 0 || theirs > FAR_FASTER * ours ? this.#slow(theirs === 0 ? ours : theirs, now) : [];
    for (const piece of spare) {
      this.#got.delete(piece);
      this.#given.set(piece, { to, at: now, isDoubled: false });
      this.#ledger.reserved.close('outside', piece, true);
    }
    // Who is first has it.
    for (const piece of slow) this.#given.set(piece, { to, at: now, isDoubled: true });
    const left = new Set(spare);
    this.#outlook = { ...this.#outlook, free: free.filter((piece) => !left.has(piece)) };
    return [...spare, ...slow];
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

  /** Null if it was not given away, or has fallen back to us. */
  #givenNow(piece: PieceIndex, now: number): Given | null {
    const given = this.#given.get(piece);
    return given !== undefined && now - given.at < HANDOVER_RETURN_MS ? given : null;
  }

  #isOpen(piece: PieceIndex, isEdge: boolean, now: number, isStalled: boolean): boolean {
    if (this.fetchers === 'another') return false;
    return isStalled || (!this.#inside.has(piece) && (isEdge || this.#isHeld(piece, now)));
  }

  /** `isOthers`: another node takes it first. True if it was opened. */
  #reserve(piece: PieceIndex, isOpen: boolean, isOthers: boolean): boolean {
    const { reserved } = this.#ledger;
    const [outside, nodes] = [
      reserved.close('outside', piece, !isOpen),
      reserved.close('nodes', piece, isOthers),
    ];
    return outside || nodes;
  }

  #isHeld(piece: PieceIndex, now: number): boolean {
    if (this.fetchers === 'us' || this.#got.has(piece)) return true;
    const given = this.#givenNow(piece, now);
    if (given !== null) return given.isDoubled;
    return this.#shares.isOurs(piece) && !this.#inside.isBusy(piece);
  }

  /** A part of what nobody has begun, so that both finish together; of the end, because what comes first may be begun at any moment. */
  #spare(free: readonly PieceIndex[], theirs: number, ours: number): PieceIndex[] {
    // One whose rate is not known yet gets one piece, unless it would be begun here as soon.
    const isSoon = free.length * this.#pieceLength * 1_000 <= ours * HANDOVER_MS;
    if (theirs === 0 && isSoon) return [];
    const part = theirs === 0 ? free.length / 2 : (free.length * theirs) / (theirs + ours);
    const most = Math.max(1, Math.ceil((theirs * HANDOVER_MS) / 1_000 / this.#pieceLength));
    const count = Math.min(Math.round(part), most, MAX_NODE_PIECES);
    return count <= 0 ? [] : free.slice(-count);
  }

  /** `theirs`: the rate of the other node; where it is not known, ours; 0 if nothing has come to either. */
  #slow(theirs: number, now: number): PieceIndex[] {
    const needsMs = theirs === 0 ? 0 : (1_000 * this.#pieceLength) / theirs;
    const patience = SLOW_NODE_PIECE_MS + 2 * needsMs;
    const slow = this.#outlook.busy.filter(
      (piece) => this.#givenNow(piece, now) === null && now - (this.#busySince.get(piece) ?? now) >= patience,
    );
    return slow.slice(0, MOST_SLOW_PIECES);
  }

  #noteBusy(busy: readonly PieceIndex[], now: number): void {
    const still = new Set(busy);
    for (const piece of this.#busySince.keys()) if (!still.has(piece)) this.#busySince.delete(piece);
    for (const piece of busy) if (!this.#busySince.has(piece)) this.#busySince.set(piece, now);
  }
}
