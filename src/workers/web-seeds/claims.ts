/**
 * What web seeds may start: first pieces that a reader waits for, then runs of missing pieces with the highest priority first,
 * and then, as a guest, pieces of shards that make no progress.
 */
import { offsetOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, SlotIndex } from '../../shared/indices.ts';
import { PIECE_STATE } from '../../shared/ledger.ts';
import {
  BLOCK_BYTES,
  MAX_FRUITLESS_TRIES,
  ORPHANED_PIECE_MS,
  SLOW_OWNER_MS,
  SLOW_OWNER_REST_MS,
  WEB_SEED_REFRESH_MS,
  WEB_SEED_TICK_MS,
} from '../../shared/limits.ts';
import { webSeedAsSender } from '../../shared/sender.ts';
import { SlotWatch } from '../requests/endgame/slot-watch.ts';
import { UrgentPieces } from '../requests/urgent-pieces.ts';
import { candidates } from './candidates.ts';
import type { JointPieces } from './joint-pieces.ts';
import { type SlotHolder, SlotWriter } from './slot-writer.ts';
import type { WebSeed } from './web-seed.ts';

/** A guest that needs longer than this is nearly useless: it should not take the only place for a guest. */
const LONG_GUEST_MS = 2 * SLOW_OWNER_REST_MS;

export class Claims {
  readonly #holder: SlotHolder;
  readonly #maxSlots: number;
  readonly #watch: SlotWatch;
  readonly #urgent: UrgentPieces;
  /** Pieces that a web seed gave back because it was too slow, or because its blocks are not wanted there. */
  readonly #rests = new Map<
    PieceIndex,
    { readonly seed: WebSeed; readonly until: number; readonly patienceMs: number }
  >();
  #now = 0;
  readonly #runs = new Set<SlotWriter>();
  /** Pieces in progress that could use a guest, and since when they have had no new block. */
  #standing: readonly {
    readonly piece: PieceIndex;
    readonly slot: SlotIndex;
    readonly received: number;
    readonly since: number;
  }[] = [];
  /** No slot was free at the last try. */
  #outOfSlots = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Web seeds that found no piece they could send, and how many pieces were missing then. */
  readonly #barren = new Map<WebSeed, number>();
  readonly #joint: JointPieces;
  /** The same for pieces that only several web seeds have together. */
  readonly #barrenJoint = new Map<WebSeed, number>();
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(holder: SlotHolder, joint: JointPieces, maxSlots: number) {
    this.#joint = joint;
    this.#holder = holder;
    this.#maxSlots = maxSlots;
    this.#watch = new SlotWatch(holder.ledger, holder.arena);
    this.#urgent = new UrgentPieces(holder.ledger);
  }

  /** All runs that are not settled. */
  get runs(): Iterable<SlotWriter> {
    return this.#runs;
  }

  settled(run: SlotWriter): void {
    this.#runs.delete(run);
  }

  /**
   * A piece that failed its hash check has only one holder at a time, and that holder must not be idle. True if the web seed must
   * give the piece back, so that another can start it. Its time doubles with each try: it may be the only one that has the piece.
   */
  givesUp(seed: WebSeed, run: SlotWriter, blocklessMs: number): boolean {
    if (run.role === 'guest' || !run.hasRules) return false;
    const patienceMs = (piece: PieceIndex): number => this.#rests.get(piece)?.patienceMs ?? ORPHANED_PIECE_MS;
    if (!run.open.some((piece) => blocklessMs >= patienceMs(piece))) return false;
    for (const piece of run.open) this.#rest(seed, piece, 2 * patienceMs(piece));
    return true;
  }

  /** Once a tick. A web seed that found nothing looks again after a while, and at once if something has changed. */
  refresh(now: number, hasChanged: boolean): void {
    this.#now = now;
    if (!hasChanged && now - this.#refreshedAt < WEB_SEED_REFRESH_MS) return;
    this.#refreshedAt = now;
    this.#barren.clear();
    this.#barrenJoint.clear();
  }

  /** How many slots web seeds may still take. */
  get #room(): number {
    let held = 0;
    for (const { openCount } of this.#runs) held += openCount;
    return this.#maxSlots - held;
  }

  /**
   * A piece that a reader waits for and a shard is slow at. Otherwise the next missing pieces in a row that the web seed has, at
   * most `most`, from the `count` pieces that start at `from`. Null if there are none, or no slot.
   */
  runFor(
    seed: WebSeed,
    from: number,
    most: number,
    count = this.#holder.ledger.pieceCount,
  ): SlotWriter | null {
    const { ledger } = this.#holder;
    const isWhole = count === ledger.pieceCount;
    // A server without ranges would first send all of the file before the piece.
    const mayLeap = isWhole && !seed.isStreaming;
    const awaited = mayLeap ? this.#joinAwaited(seed) : null;
    if (awaited !== null) return awaited;
    if (this.#isEndgame(seed) || this.#room <= 0) return null;
    this.#outOfSlots = false;
    const urgent = mayLeap ? this.#urgent.pieces : [];
    const isFor = (piece: PieceIndex): boolean => this.#isFor(seed, piece);
    for (const piece of candidates({ ledger, urgent, from, count, isFor })) {
      const run = this.#runAt(seed, piece, most);
      if (run !== null || this.#outOfSlots) return run;
    }
    if (isWhole) this.#barren.set(seed, ledger.missingCount);
    return null;
  }

  /** Joins a shard at a piece that a reader waits for and that the shard is slow at. */
  #joinAwaited(seed: WebSeed): SlotWriter | null {
    const { arena, shard } = this.#holder;
    const awaited = this.#urgent.awaited();
    if (awaited.size === 0) return null;
    for (const { piece, slot } of this.#watch.look(true, this.#now)) {
      if (!awaited.has(piece) || arena.ownerOf(slot) === shard || !seed.files.canGive(piece)) continue;
      const run = this.#join(seed, piece, slot);
      if (run !== null) return run;
    }
    return null;
  }

  /** A piece that only several web seeds have together, if this one has the start of it. */
  jointFor(seed: WebSeed): SlotWriter | null {
    const { ledger, arena } = this.#holder;
    const isBarren = this.#barrenJoint.get(seed) === ledger.missingCount;
    if (ledger.missingCount === 0 || isBarren || !seed.files.hasBars || this.#room <= 0) return null;
    for (let i = 0; i < ledger.pieceCount; i++) {
      const piece = i as PieceIndex;
      if (ledger.stateOf(piece) !== PIECE_STATE.missing || !this.#joint.isJoint(piece)) continue;
      if (!seed.files.hasAt(offsetOfPiece(arena.geometry, piece))) continue;
      const slot = this.#claim(piece);
      if (slot === null) return null;
      return this.#begun(new SlotWriter(this.#holder, 'owner', seed.index, piece, [slot], true));
    }
    this.#barrenJoint.set(seed, ledger.missingCount);
    return null;
  }

  /** True if one of these pieces is missing and the web seed has it. */
  isWanted(seed: WebSeed, from: number, count: number): boolean {
    for (let i = from; i < from + count; i++) if (this.#isFor(seed, i as PieceIndex)) return true;
    return false;
  }

  /** True if the web seed has something to fetch, so that it needs a place at its server. */
  wants(seed: WebSeed, now: number): boolean {
    const { arena, shard } = this.#holder;
    const isEndgame = this.#isEndgame(seed);
    if (!isEndgame && this.#room > 0) return true;
    this.#look(isEndgame, now);
    return this.#standing.some(
      ({ piece, slot }) => arena.ownerOf(slot) !== shard && seed.files.canGive(piece),
    );
  }

  /** A piece of a shard that makes no progress or is too slow; null if the web seed has no such piece. */
  joinFor(seed: WebSeed, now: number): SlotWriter | null {
    const { arena, shard } = this.#holder;
    // While there are pieces to start and slots for them, it does not join shards: each block would arrive twice.
    const isEndgame = this.#isEndgame(seed);
    if (!isEndgame && !this.#outOfSlots) return null;
    this.#look(isEndgame, now);
    for (const { piece, slot, since } of this.#standing) {
      if (arena.ownerOf(slot) === shard || !seed.files.canGive(piece)) continue;
      const ms = (arena.geometry.pieceLength * 1_000) / (seed.rate ?? Number.POSITIVE_INFINITY);
      // A slow web seed joins only if no other holder did.
      const patienceMs = ms > LONG_GUEST_MS ? SLOW_OWNER_REST_MS : isEndgame ? 0 : SLOW_OWNER_MS;
      const run = now - since < patienceMs ? null : this.#join(seed, piece, slot);
      if (run !== null) return run;
    }
    return null;
  }

  /** Becomes the guest of a shard; null if that is not possible, or if nothing is left to do. */
  #join(seed: WebSeed, piece: PieceIndex, slot: SlotIndex): SlotWriter | null {
    if (!this.#holder.arena.join(slot, piece, this.#holder.shard)) return null;
    const run = new SlotWriter(this.#holder, 'guest', seed.index, piece, [slot]);
    if (run.rewind()) return this.#begun(run);
    run.settle();
    return null;
  }

  /** Missing pieces in a row from this one on; null if there are none, or no slot is left. */
  #runAt(seed: WebSeed, first: PieceIndex, most: number): SlotWriter | null {
    const run = this.#adopt(seed, first) ?? this.#fresh(seed, first, Math.min(most, this.#room));
    if (run === null && !this.#isKept(first)) this.#outOfSlots = true;
    return run;
  }

  /** True if the web seed can start nothing more. */
  #isEndgame(seed: WebSeed): boolean {
    const { missingCount } = this.#holder.ledger;
    return missingCount === 0 || this.#barren.get(seed) === missingCount;
  }

  #look(endgame: boolean, now: number): void {
    if (now - this.#lookedAt < WEB_SEED_TICK_MS) return;
    const before = this.#standing;
    this.#lookedAt = now;
    this.#standing = this.#watch.look(endgame, now).map(({ piece, slot }) => {
      const received = this.#holder.arena.receivedCount(slot);
      const known = before.find((other) => other.slot === slot && other.piece === piece);
      return { piece, slot, received, since: known?.received === received ? known.since : now };
    });
  }

  #begun(run: SlotWriter): SlotWriter {
    this.#runs.add(run);
    return run;
  }

  #isFor(seed: WebSeed, piece: PieceIndex): boolean {
    const { ledger } = this.#holder;
    const isFree =
      ledger.stateOf(piece) === PIECE_STATE.missing && !ledger.reserved.isClosed('outside', piece);
    if (!isFree || !seed.files.canGive(piece)) return false;
    const rest = this.#rests.get(piece);
    return rest === undefined || rest.seed !== seed || this.#now >= rest.until;
  }

  /** Missing pieces in a row from this one on that have no kept blocks; null if there are none, or no slot. */
  #fresh(seed: WebSeed, first: PieceIndex, most: number): SlotWriter | null {
    const { pieceCount } = this.#holder.ledger;
    const slots: SlotIndex[] = [];
    for (let at = first as number; slots.length < most && at < pieceCount; at++) {
      const piece = at as PieceIndex;
      const mayTake = this.#isFor(seed, piece) && !this.#isKept(piece);
      const slot = mayTake ? this.#claim(piece) : null;
      if (slot === null) break;
      slots.push(slot);
    }
    if (slots.length === 0) return null;
    return this.#begun(new SlotWriter(this.#holder, 'owner', seed.index, first, slots));
  }

  /** True if blocks of the piece are kept for the next holder. */
  #isKept(piece: PieceIndex): boolean {
    const { arena } = this.#holder;
    return arena.parked().some((slot) => arena.pieceOf(slot) === piece);
  }

  /** Continues a piece with kept blocks; null if there are none, or if blocks of this web seed are not accepted. */
  #adopt(seed: WebSeed, piece: PieceIndex): SlotWriter | null {
    const { ledger, arena, shard } = this.#holder;
    if (!this.#isKept(piece) || !ledger.claim(piece, shard)) return null;
    const slot = arena.adopt(piece, shard);
    if (slot === null) {
      ledger.release(piece, shard);
      return null;
    }
    // Senders that are not avoided had the piece and sent nothing: the suspicion is reversed.
    if (arena.avoidedIn(slot).length > 0 && arena.fruitlessTries(slot) >= MAX_FRUITLESS_TRIES)
      this.#holder.onWasted(arena.relent(slot) * BLOCK_BYTES);
    const run = new SlotWriter(this.#holder, 'owner', seed.index, piece, [slot]);
    const isWanted = !arena.avoidedIn(slot).includes(webSeedAsSender(seed.index));
    if (isWanted && run.rewind()) return this.#begun(run);
    this.#rest(seed, piece, ORPHANED_PIECE_MS);
    run.settle();
    return null;
  }

  #rest(seed: WebSeed, piece: PieceIndex, patienceMs: number): void {
    this.#rests.set(piece, { seed, until: this.#now + SLOW_OWNER_REST_MS, patienceMs });
  }

  /** Takes a free slot. If there is none, it takes the parked slot with the fewest blocks. */
  #claim(piece: PieceIndex): SlotIndex | null {
    const { ledger, arena, shard } = this.#holder;
    if (!ledger.claim(piece, shard)) return null;
    for (;;) {
      const slot = arena.claim(piece, shard);
      if (slot !== null) return slot;
      const evicted = arena.evict();
      if (evicted !== null) {
        this.#holder.onWasted(evicted * BLOCK_BYTES);
        continue;
      }
      ledger.release(piece, shard);
      return null;
    }
  }
}
