/**
 * The order in which a shard requests pieces. At random at first, because rare pieces are slow, and a new peer must soon have
 * whole pieces to offer. Then rarest first, ties at random (each shard has its own random numbers), from the availability that
 * all shards count together. The order is computed at most every two seconds: to sort a million pieces for each request would
 * block the shard. `sequential` is the order of the torrent, for users who want the beginning first.
 * Pieces of a higher priority come before all others. The order is computed again at once when main changes a priority. (Pieces
 * that a reader waits for come before any order: `urgent-pieces.ts`.) A search begins anew when the order is new, when the
 * peer has got pieces, and (in a cluster) when reserved pieces were opened. Of a large torrent it goes to its end first: most pieces may be
 * with seeds alone, and are rarer than all that this peer has, so a search that always began anew would never come to those.
 */
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { PIECE_STATE } from '../../shared/ledger.ts';
import { PICK_ORDER_MAX_AGE_MS, PICK_WALK_PIECES, RANDOM_FIRST_PIECES } from '../../shared/limits.ts';
import type { PickOrder } from '../../shared/messages.ts';
import { PRIORITY } from '../../shared/priority.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import type { OrderCursor } from './order-cursor.ts';

/** Pieces that this many peers have count as equally common. */
const RARITY_CLASSES = 256;
/** Each priority has its own. */
const CLASSES = RARITY_CLASSES * (PRIORITY.now + 1);
/** To look at a piece that the peer has costs as much as to pass so many that it has not. */
const LOOK_COST = 8;

export class PieceOrder {
  readonly #ledger: Ledger;
  readonly #order: PickOrder;
  readonly #random: () => number;
  #pieces: Int32Array;
  #made = 0;
  #madeAt = Number.NEGATIVE_INFINITY;
  #stale = true;
  #levelChanges = 0;
  /** The first order with the priorities of now. */
  #prioritized = 0;
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

  /** The next missing piece in the order that the peer has, and for which `may` is true; null if this look-up found none. */
  next(
    cursor: OrderCursor,
    pieces: Pick<PieceSet, 'has'>,
    may: (piece: number) => boolean,
    now: number,
  ): PieceIndex | null {
    this.#refresh(now);
    this.#follow(cursor);
    const order = this.#pieces;
    while (this.#first < order.length && !this.#missing(order[this.#first] as number)) this.#first += 1;
    let at = Math.max(cursor.at, this.#first);
    for (let left = PICK_WALK_PIECES; at < order.length && left > 0; at++) {
      const piece = order[at] as number;
      const has = pieces.has(piece);
      left -= has ? LOOK_COST : 1;
      if (has && !this.#missing(piece)) continue;
      if (has && may(piece)) {
        cursor.at = at;
        return piece as PieceIndex;
      }
      cursor.passed += 1;
    }
    cursor.at = at;
    cursor.isLong = at < order.length;
    // Another shard, or main for a dead one, gave back the missing piece: the next order will contain it.
    if (!cursor.isLong && this.#ledger.missingCount > 0) this.#stale = true;
    return null;
  }

  #follow(cursor: OrderCursor): void {
    const { openings } = this.#ledger.reserved;
    const isOther = cursor.order !== this.#made;
    if (!isOther && cursor.openings === openings) return;
    if (!cursor.isLong || cursor.order < this.#prioritized) cursor.begin(this.#made, openings);
    else if (isOther) cursor.moveTo(this.#made);
  }

  /** True if a connected peer has a missing piece. Checked as rarely as the order is computed. */
  anyReachable(now: number): boolean {
    if (now - this.#reachableAt >= PICK_ORDER_MAX_AGE_MS) {
      this.#reachableAt = now;
      this.#reachable = this.#ledger.anyReachable();
    }
    return this.#reachable;
  }

  #missing(piece: number): boolean {
    return this.#ledger.stateOf(piece as PieceIndex) === PIECE_STATE.missing;
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
    if (isReprioritized) this.#prioritized = this.#made;
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
