/**
 * The arena: a fixed number of piece-sized slots in shared memory. Sockets write into it and storage threads read from it. Without a
 * free slot, a download requests nothing new: this is the only back-pressure and the only bound on memory. Free slots are taken
 * from the low end, because those are still in the cache. This file has the states of a slot; its blocks are in slot-blocks.ts,
 * and what each holder may do is in slot-owner.ts.
 *
 * | state  | owner word | hold word       | who may write   | ends by                                               |
 * |--------|------------|-----------------|-----------------|-------------------------------------------------------|
 * | free   | 0          | any             | no holder       | claim → owned                                         |
 * | owned  | a holder   | owner in        | owner           | join → joint; the last block → full; park → parked    |
 * | joint  | a holder   | owner, guest in | owner and guest | leave of the guest → owned; the last block → full     |
 * | full   | a holder   | full            | no holder       | discard, once both have left → free; retry → parked   |
 * | parked | PARKED     | 0               | no holder       | adopt → owned; evict → free                           |
 *
 * A holder is a peer shard or the web-seed thread; a guest is a second holder in one slot. The piece of a parked slot is missing in
 * the ledger: the next holder that claims it continues with the blocks that are there. A discarded slot is free when both owner
 * and guest have left, in any order: so a late block of a guest cannot get into the next piece. A guest whose thread died
 * leaves a mark, and the owner then clears what the dead guest was writing.
 */
import type { Geometry } from './geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from './indices.ts';
import { slotIndex } from './indices.ts';
import { MAX_AVOIDED_SENDERS, MAX_SOLO_TRIES } from './limits.ts';
import { EARLIER_RUN, type Sender } from './sender.ts';
import { type ArenaMemory, allocateSlots, SlotBlocks } from './slot-blocks.ts';
import { PARKED } from './slot-owner.ts';

/** Bits of the hold word beside `FULL`; the guest's id is above them. */
const OWNER_IN = 1;
const DISCARDED = 2;
const NO_GUESTS = 4;
const GUEST_DIED = 8;
/** Stays when the guest leaves: the owner must learn of blocks that came there. */
const WAS_JOINED = 16;
const GUEST_SHIFT = 8;

/** How to fetch a piece that failed its hash check again. */
export interface RetryRule {
  /** Their blocks are thrown away, and no more are accepted from them. */
  readonly avoid: readonly Sender[];
  /** All blocks again, from one sender alone. */
  readonly solo: boolean;
  /** Only these blocks are thrown away, because they are known to be bad. */
  readonly blocks?: ReadonlySet<number>;
}

export class Arena extends SlotBlocks {
  /** Where the number of parked slots is kept. */
  readonly #parkedWord: number;

  constructor(memory: ArenaMemory) {
    super(memory);
    this.#parkedWord = this.words.length - 1;
  }

  /** Throws RangeError if `memoryBytes` is too small for one piece. */
  static allocate(g: Geometry, memoryBytes: number): ArenaMemory {
    return allocateSlots(g, memoryBytes, 1);
  }

  /** A free slot, claimed for this holder and emptied for `piece`; null if there is none. */
  claim(piece: PieceIndex, holder: ShardId): SlotIndex | null {
    for (let slot = 0; slot < this.slotCount; slot++) {
      const owner = this.word(slot, 'owner');
      if (Atomics.load(this.words, owner) !== 0) continue;
      if (Atomics.compareExchange(this.words, owner, 0, holder) !== 0) continue;
      Atomics.store(this.words, this.word(slot, 'piece'), piece);
      this.clear(slotIndex(slot));
      Atomics.store(this.words, this.word(slot, 'hold'), OWNER_IN);
      return slotIndex(slot);
    }
    return null;
  }

  /** The parked slot of this piece with its blocks, claimed for this holder; null if there is none. */
  adopt(piece: PieceIndex, holder: ShardId): SlotIndex | null {
    for (const slot of this.parked()) {
      if (this.pieceOf(slot) !== piece || !this.#unpark(slot, holder)) continue;
      if (this.pieceOf(slot) !== piece) {
        this.#setParked(slot);
        continue;
      }
      const hasRule = this.isSolo(slot) || this.avoidedIn(slot).length > 0;
      Atomics.store(this.words, this.word(slot, 'hold'), OWNER_IN | (hasRule ? NO_GUESTS : 0));
      return slot;
    }
    return null;
  }

  /**
   * The owner gives the piece back unfinished. Its blocks stay for the next holder. Blocks that are taken but not received do
   * not count. `fruitful`: blocks of it arrived here. Returns false and changes nothing if a guest is working on it or has
   * finished it.
   */
  park(slot: SlotIndex, fruitful: boolean): boolean {
    const word = this.word(slot, 'hold');
    const hold = Atomics.load(this.words, word);
    if ((hold & ~(WAS_JOINED | NO_GUESTS)) !== OWNER_IN) return false;
    if (Atomics.compareExchange(this.words, word, hold, 0) !== hold) return false;
    if (this.isSolo(slot)) this.#endSoloTry(slot);
    const fruitless = this.word(slot, 'fruitless');
    Atomics.store(this.words, fruitless, fruitful ? 0 : Atomics.load(this.words, fruitless) + 1);
    for (let block = 0; block < this.geometry.blocksPerPiece; block++)
      if (!this.hasReceived(slot, block)) this.untake(slot, block);
    const keepsSomething =
      this.receivedCount(slot) > 0 || this.isSolo(slot) || this.avoidedIn(slot).length > 0;
    if (keepsSomething) this.#setParked(slot);
    else Atomics.store(this.words, this.word(slot, 'owner'), 0);
    return true;
  }

  /**
   * Main, for a full piece that failed its hash check: parks it with the blocks that may be good. Returns false and changes
   * nothing while a holder is still in it.
   */
  retry(slot: SlotIndex, { avoid, solo, blocks }: RetryRule): boolean {
    const hold = Atomics.load(this.words, this.word(slot, 'hold'));
    if ((hold & OWNER_IN) !== 0 || hold >>> GUEST_SHIFT !== 0) return false;
    this.#setAvoided(slot, avoid);
    Atomics.store(this.words, this.word(slot, 'soloTry'), solo ? 1 : 0);
    const isBad = (block: number, sender: Sender | null): boolean =>
      blocks?.has(block) ?? (sender === null || avoid.includes(sender));
    for (const [block, sender] of this.senders(slot).entries())
      if (solo || isBad(block, sender)) this.unreceive(slot, block);
    Atomics.store(this.words, this.word(slot, 'hold'), 0);
    this.#setParked(slot);
    return true;
  }

  /** Holders in a row that had this piece and received no block of it. */
  fruitlessTries(slot: SlotIndex): number {
    return Atomics.load(this.words, this.word(slot, 'fruitless'));
  }

  /**
   * The owner, if no sender that is not avoided continues the piece: the suspicion is reversed. The kept blocks are thrown
   * away, their senders are avoided, and the others are allowed again. Returns how many blocks are lost.
   */
  relent(slot: SlotIndex): number {
    const avoid = this.keptFrom(slot);
    const lost = this.receivedCount(slot);
    for (let block = 0; block < this.geometry.blocksPerPiece; block++) this.unreceive(slot, block);
    this.#setAvoided(slot, avoid);
    // No block was kept, so no sender is avoided now: guests may join again, as with any piece.
    if (avoid.length === 0 && !this.isSolo(slot))
      Atomics.and(this.words, this.word(slot, 'hold'), ~NO_GUESTS);
    Atomics.store(this.words, this.word(slot, 'fruitless'), 0);
    return lost;
  }

  /** The senders of the received blocks: as many as can be avoided. */
  keptFrom(slot: SlotIndex): Sender[] {
    const senders = new Set(this.senders(slot));
    return [...senders].filter((sender) => sender !== null).slice(0, MAX_AVOIDED_SENDERS);
  }

  /** Frees the parked slot with the fewest blocks. Returns how many blocks of this run are lost, or null if no slot is parked. */
  evict(): number | null {
    const [least] = this.parked().sort((a, b) => this.receivedCount(a) - this.receivedCount(b));
    if (least === undefined) return null;
    const lost = this.senders(least).filter((sender) => sender !== null && sender !== EARLIER_RUN).length;
    return this.#unpark(least, 0) ? lost : null;
  }

  /** Slots that keep unfinished pieces for the next holder. */
  parked(): SlotIndex[] {
    const found: SlotIndex[] = [];
    if (Atomics.load(this.words, this.#parkedWord) === 0) return found;
    for (let slot = 0; slot < this.slotCount; slot++)
      if (this.ownerOf(slot as SlotIndex) === PARKED) found.push(slot as SlotIndex);
    return found;
  }

  /** Its blocks must come from one sender alone. */
  isSolo(slot: SlotIndex): boolean {
    return Atomics.load(this.words, this.word(slot, 'soloTry')) > 0;
  }

  /** Senders whose blocks are not accepted in it. */
  avoidedIn(slot: SlotIndex): Sender[] {
    const first = this.word(slot, 'avoided');
    const senders = [...this.words.subarray(first, first + MAX_AVOIDED_SENDERS)];
    return senders.filter((word) => word !== 0).map((word) => (word - 1) as Sender);
  }

  /** Another holder begins to fetch blocks of this piece as well. False if it may not, or if there is a guest already. */
  join(slot: SlotIndex, piece: PieceIndex, guest: ShardId): boolean {
    const word = this.word(slot, 'hold');
    const before = Atomics.load(this.words, word);
    if (!takesGuests(before)) return false;
    const after = before | WAS_JOINED | (guest << GUEST_SHIFT);
    if (Atomics.compareExchange(this.words, word, before, after) !== before) return false;
    if (this.pieceOf(slot) === piece) return true;
    this.leave(slot, guest);
    return false;
  }

  /** True while a guest could join. */
  isOpen(slot: SlotIndex): boolean {
    return takesGuests(Atomics.load(this.words, this.word(slot, 'hold')));
  }

  /** A holder joined at some time and may have fetched blocks. */
  wasJoined(slot: SlotIndex): boolean {
    return (Atomics.load(this.words, this.word(slot, 'hold')) & WAS_JOINED) !== 0;
  }

  /** The holder that joined the owner; 0 if none did. */
  guestOf(slot: SlotIndex): number {
    return Atomics.load(this.words, this.word(slot, 'hold')) >>> GUEST_SHIFT;
  }

  /** Owner or guest: it will not touch the slot any more. */
  leave(slot: SlotIndex, shard: ShardId): void {
    const isOwner = this.ownerOf(slot) === shard;
    this.#changeHold(slot, (hold) => (isOwner ? hold & ~OWNER_IN : hold & (2 ** GUEST_SHIFT - 1)));
  }

  /** Main, after the verdict or after the death of the owner: the slot is free as soon as both have left. */
  discard(slot: SlotIndex): void {
    this.#changeHold(slot, (hold) => hold | DISCARDED);
  }

  isDiscarded(slot: SlotIndex): boolean {
    return (Atomics.load(this.words, this.word(slot, 'hold')) & DISCARDED) !== 0;
  }

  /** Main: leaves for a holder whose thread is dead. */
  bury(slot: SlotIndex, dead: ShardId): void {
    if (this.ownerOf(slot) === dead) this.#changeHold(slot, (hold) => hold & ~OWNER_IN);
    else if (this.guestOf(slot) === dead)
      this.#changeHold(slot, (hold) => (hold & (2 ** GUEST_SHIFT - 1)) | GUEST_DIED);
  }

  /** A guest died and may have left blocks taken that nothing writes. Until the owner has cleared them, no holder may join. */
  lostGuest(slot: SlotIndex): boolean {
    return (Atomics.load(this.words, this.word(slot, 'hold')) & GUEST_DIED) !== 0;
  }

  /** The owner has cleared what the dead guest left. */
  forgetGuest(slot: SlotIndex): void {
    Atomics.and(this.words, this.word(slot, 'hold'), ~GUEST_DIED);
  }

  ownerOf(slot: SlotIndex): number {
    return Atomics.load(this.words, this.word(slot, 'owner'));
  }

  /** Slots without an owner that keep nothing. */
  freeCount(): number {
    let free = 0;
    for (let slot = 0; slot < this.slotCount; slot++) if (this.ownerOf(slot as SlotIndex) === 0) free++;
    return free;
  }

  /** Exactly one change of a hold makes it "discarded, and no holder in": that change frees the slot. */
  #changeHold(slot: SlotIndex, change: (hold: number) => number): void {
    const word = this.word(slot, 'hold');
    for (;;) {
      const before = Atomics.load(this.words, word);
      const after = change(before);
      if (Atomics.compareExchange(this.words, word, before, after) !== before) continue;
      if (after !== before && isFree(after)) Atomics.store(this.words, this.word(slot, 'owner'), 0);
      return;
    }
  }

  /** One sender began the piece and did not finish it. The next one starts from the beginning, or finally several together. */
  #endSoloTry(slot: SlotIndex): void {
    const word = this.word(slot, 'soloTry');
    const tries = Atomics.load(this.words, word);
    Atomics.store(this.words, word, tries < MAX_SOLO_TRIES ? tries + 1 : 0);
    for (let block = 0; block < this.geometry.blocksPerPiece; block++) this.unreceive(slot, block);
  }

  #setAvoided(slot: SlotIndex, senders: readonly Sender[]): void {
    for (let i = 0; i < MAX_AVOIDED_SENDERS; i++)
      Atomics.store(this.words, this.word(slot, 'avoided') + i, (senders[i] ?? -1) + 1);
  }

  #setParked(slot: SlotIndex): void {
    Atomics.add(this.words, this.#parkedWord, 1);
    Atomics.store(this.words, this.word(slot, 'owner'), PARKED);
  }

  #unpark(slot: SlotIndex, owner: number): boolean {
    const word = this.word(slot, 'owner');
    if (Atomics.compareExchange(this.words, word, PARKED, owner) !== PARKED) return false;
    Atomics.sub(this.words, this.#parkedWord, 1);
    return true;
  }
}

function takesGuests(hold: number): boolean {
  return (hold & ~WAS_JOINED) === OWNER_IN;
}

function isFree(hold: number): boolean {
  return (hold & (OWNER_IN | DISCARDED)) === DISCARDED && hold >>> GUEST_SHIFT === 0;
}
