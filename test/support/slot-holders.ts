/**
 * Two holders of slots over one ledger and one arena in virtual time, shards or web-seed threads, each with one source. The test
 * plays main. Each step checks that all bytes of a received block came from its recorded sender, and that no piece is in two
 * slots.
 */
import assert from 'node:assert/strict';
import { reclaim } from '../../src/main/download/lost-shard.ts';
import type { Verdicts } from '../../src/main/download/verdicts.ts';
import { Arena } from '../../src/shared/arena.ts';
import type { PieceIndex, ShardId, SlotIndex, TorrentId } from '../../src/shared/indices.ts';
import { Ledger, PIECE_STATE } from '../../src/shared/ledger.ts';
import type { FullPiece } from '../../src/shared/messages.ts';
import { peerAsSender, type Sender, senderOf, webSeedAsSender } from '../../src/shared/sender.ts';
import { SlotBlocks } from '../../src/shared/slot-blocks.ts';
import { PARKED } from '../../src/shared/slot-owner.ts';
import { blockHashes } from './block-hashes.ts';
import type { FakePeerScript } from './fake-peer.ts';
import { payload } from './payload.ts';
import { BLOCK, SlotSource, type SourceOptions } from './slot-source.ts';
import { VirtualShard } from './virtual-shard.ts';
import { VirtualWebSeedThread } from './virtual-web-seed-thread.ts';

export type Kind = 'shard' | 'web seed';
const STEP_MS = 20;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Holder {
  readonly source: SlotSource;
  readonly sender: Sender;
  readonly owner: ShardId;
  readonly full: () => readonly FullPiece[];
  readonly convict: (sender: Sender, piece: PieceIndex) => void;
  readonly heed: (verified: readonly PieceIndex[]) => void;
  /** The source closes its connections and accepts no new ones. */
  readonly lose: () => void;
  readonly kill: () => void;
  readonly stop: () => Promise<void>;
}

export interface HoldersOptions {
  readonly pieces: number;
  readonly blocks: number;
  readonly slots: number;
}

export class SlotHolders {
  readonly ledger: Ledger;
  readonly arena: Arena;
  readonly holders: Holder[] = [];
  readonly convicted: Sender[] = [];
  /** How many blocks were received, of all pieces. */
  received = 0;
  /** Pieces that reached the hasher, in order. */
  readonly judged: PieceIndex[] = [];
  /** The holder whose thread dies as it receives the last block of a piece, before it can report that. */
  diesWithLast: Holder | null = null;
  /** A shard without peers. All holders share its ledger, arena, verdicts and time. */
  readonly #base: VirtualShard;
  readonly #options: HoldersOptions;
  readonly #verdicts: Verdicts;
  readonly #seen = new Set<FullPiece>();
  readonly #receive = SlotBlocks.prototype.receive;
  #hasWebSeeds = false;

  constructor(options: HoldersOptions) {
    this.#options = options;
    this.#base = new VirtualShard(this.#shardOptions);
    this.ledger = new Ledger(this.#base.memory.ledger);
    this.arena = new Arena(this.#base.memory.arena);
    this.#verdicts = this.#base.verdicts as Verdicts;
    this.#base.onConvicted = (sender, piece) => {
      this.convicted.push(sender);
      this.#base.convicted.push(sender);
      for (const holder of this.holders) holder.convict(sender, piece);
    };
    const hears = (arena: SlotBlocks, sender: Sender, isLast: boolean) => this.#hears(arena, sender, isLast);
    const { receive } = SlotBlocks.prototype;
    SlotBlocks.prototype.receive = function heard(this: SlotBlocks, slot, block, sender): boolean {
      return hears(this, sender, receive.call(this, slot, block, sender));
    };
  }

  add(kind: Kind, options: SourceOptions): Holder {
    const source = new SlotSource(this.holders.length, options);
    const holder = kind === 'shard' ? this.#shard(source) : this.#webSeeds(source);
    this.holders.push(holder);
    return holder;
  }

  /** Lets time pass: true when `isSo` is true, false after `ms`. */
  async until(isSo: () => boolean, ms = 60_000): Promise<boolean> {
    for (let at = 0; at < ms; at += STEP_MS) {
      if (isSo()) return true;
      this.#base.run(STEP_MS);
      if (this.#hasWebSeeds)
        for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
      this.#judge();
      this.#check();
    }
    return isSo();
  }

  readonly complete = (): boolean => this.ledger.complete;

  /** All slots that contain this piece, including parked and full ones. */
  slotsOf(piece: number): SlotIndex[] {
    const slots = Array.from({ length: this.arena.slotCount }, (_, slot) => slot as SlotIndex);
    return slots.filter(
      (slot) =>
        this.arena.ownerOf(slot) !== 0 && this.arena.pieceOf(slot) === piece && !this.arena.isDiscarded(slot),
    );
  }

  /** Received blocks of a piece. */
  blocksOf(piece: number): number {
    return Math.max(0, ...this.slotsOf(piece).map((slot) => this.arena.receivedCount(slot)));
  }

  /** The thread of this holder dies, and main takes back its pieces. */
  die(holder: Holder): void {
    holder.kill();
    this.#store(reclaim(holder.owner, this.ledger, this.arena, this.#verdicts.held));
  }

  async stop(): Promise<void> {
    SlotBlocks.prototype.receive = this.#receive;
    for (const holder of this.holders) await holder.stop();
  }

  get #shardOptions() {
    const { pieces, blocks, slots } = this.#options;
    return { pieces, slots, pieceLength: blocks * BLOCK, hasNeighbours: true, chokedTimeoutMs: 600_000 };
  }

  #shard(source: SlotSource): Holder {
    const shard = new VirtualShard({ ...this.#shardOptions, beside: this.#base });
    const script: Mutable<FakePeerScript> = source.peer(shard.time, this.#options.pieces);
    const [peer] = shard.add(script);
    assert.ok(peer);
    return {
      source,
      sender: peerAsSender(peer.index as never),
      owner: shard.owner,
      full: () => shard.full,
      convict: () => {},
      heed: (verified) => shard.heedVerdicts(verified),
      lose: () => {
        script.away = { untilMs: Number.POSITIVE_INFINITY, fail: 'connect-failed' };
        peer.hangUp();
      },
      kill: shard.kill,
      stop: async () => {},
    };
  }

  #webSeeds(source: SlotSource): Holder {
    this.#hasWebSeeds = true;
    const { pieces, blocks, slots } = this.#options;
    const thread = new VirtualWebSeedThread(this.#base.time, this.holders.length);
    const length = pieces * blocks * BLOCK;
    const full: FullPiece[] = [];
    let torrent: TorrentId | null = null;
    thread.http.host('s.test', source.answer(blocks));
    thread.http.own({ asked: [], fileOf: () => Buffer.alloc(length) });
    this.#base.time.after(source.options.startMs ?? 0, () => {
      torrent = thread.add(
        {
          urls: ['http://s.test/'],
          files: [{ names: ['f'], offset: 0, length, padding: false }],
          single: false,
          ...this.#base.memory,
          maxSlots: slots,
        },
        (news) => {
          if (news.type === 'full') full.push(...news.pieces);
        },
      );
    });
    return {
      source,
      sender: webSeedAsSender(0),
      owner: thread.owner,
      full: () => full,
      convict: (sender, piece) => {
        const culprit = senderOf(sender);
        if (torrent !== null && 'webSeed' in culprit)
          thread.command({ type: 'convict', torrent, seed: culprit.webSeed, piece });
      },
      heed: () => {},
      lose: () => {
        source.isThere = false;
        thread.http.hangUp('s.test');
      },
      kill: () => thread.kill(),
      stop: () => thread.stop(),
    };
  }

  #hears(arena: SlotBlocks, sender: Sender, isLast: boolean): boolean {
    this.received += 1;
    const dying = this.diesWithLast;
    if (!isLast || dying === null || dying.sender !== sender) return isLast;
    dying.kill();
    // The rest of this call must have no effect.
    Object.assign(arena, { take: () => false, leave: () => {}, park: () => false });
    return false;
  }

  #judge(): void {
    const told = this.holders.flatMap(({ full }) => full()).filter((full) => !this.#seen.has(full));
    for (const full of told) this.#seen.add(full);
    this.#store(told);
  }

  /** Plays main and its storage threads. */
  #store(told: readonly FullPiece[]): void {
    const full = this.#verdicts.take(told);
    if (full.length === 0) return;
    const good = full.filter(({ piece, slot }) => this.#isGood(piece, this.arena.pieceBytes(slot)));
    const verified = good.map(({ piece }) => piece);
    this.judged.push(...full.map(({ piece }) => piece));
    for (const piece of verified) this.ledger.verify(piece);
    this.#verdicts.judge({
      type: 'stored',
      good,
      bad: full.filter((one) => !good.includes(one)),
      evidence: full.map((one) => ({
        piece: one.piece,
        good: good.includes(one),
        blockHashes: blockHashes(this.arena.pieceBytes(one.slot)),
        leaves: null,
      })),
      writeBytes: 0,
      withheld: [],
      edges: [],
      isSplit: false,
      fault: null,
    });
    for (const holder of this.holders) holder.heed(verified);
  }

  #isGood(piece: number, bytes: Uint8Array): boolean {
    const isSigned = this.holders.some(({ source }) => source.options.lies === undefined);
    return isSigned || Buffer.compare(bytes, payload(piece, 0, bytes.length)) === 0;
  }

  #check(): void {
    const pieces = new Set<number>();
    for (let at = 0; at < this.arena.slotCount; at++) {
      const slot = at as SlotIndex;
      const owner = this.arena.ownerOf(slot);
      if (owner === 0 || this.arena.isDiscarded(slot)) continue;
      const piece = this.arena.pieceOf(slot);
      assert.ok(!pieces.has(piece), `piece ${piece} is in two slots`);
      pieces.add(piece);
      const state = this.ledger.stateOf(piece);
      assert.ok((state === PIECE_STATE.missing) === (owner === PARKED), `piece ${piece} is ${state}`);
      for (const [block, sender] of this.arena.senders(slot).entries())
        if (sender !== null) this.#checkBlock(slot, piece, block, sender);
    }
  }

  #checkBlock(slot: SlotIndex, piece: number, block: number, sender: Sender): void {
    const source = this.holders.find((holder) => holder.sender === sender)?.source;
    assert.ok(source !== undefined, `block ${block} of piece ${piece} has a sender`);
    if (source.options.lies !== undefined) return;
    const from = this.arena.offsetOf(slot, block);
    const isWhole = this.arena.bytes.compare(source.block(piece, block), 0, BLOCK, from, from + BLOCK) === 0;
    assert.ok(isWhole, `block ${block} of piece ${piece} is all of its sender`);
  }
}
