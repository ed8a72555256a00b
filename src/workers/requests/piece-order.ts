/**
 * The order in which a shard requests pieces. At random at first, because rare pieces are slow, and a new peer must soon have
 * whole pieces to offer. Then rarest first, ties at random (each shard has its own random numbers), from the availability that
 * all shards count together. The order is computed at most every two seconds: to sort a million pieces for each request would
 * block the shard. `sequential` is the order of the torrent, for users who want the beginning first.
 * Pieces of a higher priority come before all others. The order is computed again at once when main changes a priority. (Pieces
 * that a reader waits for come before any order: `urgent-pieces.ts`.) In a cluster, pieces are reserved and opened: a search that has come to
 * the end begins again if any were opened meanwhile.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PIECE_STATE } from '../../shared/ledger.ts';
import { PICK_ORDER_MAX_AGE_MS, RANDOM_FIRST_PIECES } from '../../shared/limits.ts';
import type { PickOrder } from '../../shared/messages.ts';
import { PRIORITY } from '../../shared/priority.ts';

/** Pieces that this many peers have count as equally common. */
const RARITY_CLASSES = 256;
/** Each priority has its own. */
const CLASSES = RARITY_CLASSES * (PRIORITY.now + 1);
/** Positions that one look-up checks before it leaves the rest to the next one, so that no turn is long. */
const MAX_WALK = 8_192;

/**
 * The position of a peer's search; each search continues where the last one of the same order ended. `openings`: those of reserved pieces
 * (in a cluster) when it began at the first position.
 */
export interface OrderCursor {
  order: number;
  at: number;
  openings: number;
}

export class PieceOrder {
  readonly #ledger: Ledger;
  readonly #order: PickOrder;
  readonly #random: () => number;
  #pieces: Int32Array;
  #made = 0;
  #madeAt = Number.NEGATIVE_INFINITY;
  #stale = true;
  #levelChanges = 0;
  /** No position before this one is missing. */
  #first = 0;
  #reachable = true;
  #reachableAt = Number.NEGATIVE_INFINITY;

  constructor(ledger: Ledger, order: PickOrder, random: () => number) {
    this.#ledger = ledger;
    this.#order = order;
    this.#random = random;
    this.#pieces = new Int32Array(0);
  }

  /** The user asked for an order, or gave priorities. */
  get isGiven(): boolean {
    return this.#order === 'sequential' || this.#ledger.hasLevels;
  }

  /** Availability changed, or a piece became missing again. */
  markStale(): void {
    this.#stale = true;
  }

  /** The next missing piece in the order for which `has` is true, from the cursor on; null if there is none now. */
  next(cursor: OrderCursor, has: (piece: number) => boolean, now: number): PieceIndex | null {
    this.#refresh(now);
    const { openings } = this.#ledger.reserved;
    // What was opened behind the cursor is found in the next pass. To begin anew at once could keep it from ever reaching the end.
    const isPassed = cursor.at >= this.#pieces.length && cursor.openings !== openings;
    if (cursor.order !== this.#made || isPassed) {
      cursor.order = this.#made;
      cursor.at = 0;
      cursor.openings = openings;
    }
    while (this.#first < this.#pieces.length && !this.#missing(this.#first)) this.#first += 1;
    let at = Math.max(cursor.at, this.#first);
    const end = Math.min(this.#pieces.length, at + MAX_WALK);
    for (; at < end; at++) {
      if (!this.#missing(at) || !has(this.#pieces[at] as number)) continue;
      cursor.at = at;
      return this.#pieces[at] as PieceIndex;
    }
    cursor.at = at;
    // Another shard, or main for a dead one, gave back the missing piece: the next order will contain it.
    if (at >= this.#pieces.length && this.#ledger.missingCount > 0) this.#stale = true;
    return null;
  }

  /** True if a connected peer has a missing piece. Checked as rarely as the order is computed. */
  anyReachable(now: number): boolean {
    if (now - this.#reachableAt >= PICK_ORDER_MAX_AGE_MS) {
      this.#reachableAt = now;
      this.#reachable = this.#ledger.anyReachable();
    }
    return this.#reachable;
  }

  #missing(at: number): boolean {
    return this.#ledger.stateOf(this.#pieces[at] as PieceIndex) === PIECE_STATE.missing;
  }

  #refresh(now: number): void {
    const { levelChanges } = this.#ledger;
    const isReprioritized = levelChanges !== this.#levelChanges;
    if (!isReprioritized && (!this.#stale || now - this.#madeAt < PICK_ORDER_MAX_AGE_MS)) return;
    this.#levelChanges = levelChanges;
    const atRandom = this.#ledger.verifiedCount < RANDOM_FIRST_PIECES;
    this.#stale = atRandom;
    this.#madeAt = now;
    this.#made += 1;
    this.#first = 0;
    const missing = new Int32Array(this.#ledger.pieceCount);
    const count = this.#ledger.missingInto(missing);
    const pieces = missing.subarray(0, count);
    const isSequential = this.#order === 'sequential';
    const ordered = isSequential ? pieces : shuffled(pieces, this.#random);
    const byRarity = !isSequential && !atRandom;
    this.#pieces = byRarity || this.#ledger.hasLevels ? this.#sorted(ordered, byRarity) : ordered;
  }

  /** A counting sort by priority and rarity; it keeps the order among equals. */
  #sorted(pieces: Int32Array, byRarity: boolean): Int32Array {
    const byPriority = this.#ledger.hasLevels;
    const starts = new Int32Array(CLASSES + 1);
    const classes = new Uint16Array(pieces.length);
    for (let i = 0; i < pieces.length; i++) {
      const piece = pieces[i] as PieceIndex;
      const rarity = byRarity ? Math.min(this.#ledger.rarityOf(piece), RARITY_CLASSES - 1) : 0;
      const level = byPriority ? PRIORITY.now - this.#ledger.priorityOf(piece) : 0;
      const at = level * RARITY_CLASSES + rarity;
      classes[i] = at;
      starts[at + 1] = (starts[at + 1] as number) + 1;
    }
    for (let i = 0; i < CLASSES; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
    const sorted = new Int32Array(pieces.length);
    for (let i = 0; i < pieces.length; i++) {
      const at = classes[i] as number;
      const to = starts[at] as number;
      sorted[to] = pieces[i] as number;
      starts[at] = to + 1;
    }
    return sorted;
  }
}

function shuffled(pieces: Int32Array, random: () => number): Int32Array {
  for (let i = pieces.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = pieces[i] as number;
    pieces[i] = pieces[j] as number;
    pieces[j] = kept;
  }
  return pieces;
}
