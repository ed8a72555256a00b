/**
 * Acts on the results of hashing: decides which full pieces go to the storage threads, and frees or reopens the slots when they
 * return.
 */
import type { Arena, RetryRule } from '../../shared/arena.ts';
import { lengthOfBlock } from '../../shared/geometry.ts';
import type { PieceIndex, ShardId, SlotIndex } from '../../shared/indices.ts';
import { type Ledger, PIECE_STATE } from '../../shared/ledger.ts';
import { SLOT_LEFT_POLL_MS } from '../../shared/limits.ts';
import type { Later } from '../../shared/lived-timer.ts';
import type { FullPiece } from '../../shared/messages.ts';
import type { Sender } from '../../shared/sender.ts';
import type { Evidence, PieceToStore, StorageResult } from '../../shared/storage-messages.ts';
import { type BadBlocks, badBlocks } from './bad-blocks.ts';
import { Blame } from './blame.ts';
import { reclaim } from './lost-shard.ts';
import { pendingBytes } from './pending-bytes.ts';

const NO_HASHES = new Uint8Array(0);
const NO_EVIDENCE = { blockHashes: NO_HASHES, leaves: null };

export interface VerdictsListener {
  /** It certainly sent a bad block of this piece. */
  onConvicted(sender: Sender, piece: PieceIndex): void;
  /** Pieces that waited for their slot are missing again. */
  onReopened(): void;
  /** What the blocks of this piece must hash to (BEP 52), if a peer says that in time; null: nobody can be asked. */
  leavesOf?(piece: PieceIndex): Promise<Uint8Array | null> | null;
  readonly later: Later;
}

export class Verdicts {
  readonly #ledger: Ledger;
  #arena: Arena | null;
  readonly #listener: VerdictsListener;
  readonly #blame = new Blame();
  /** Slots whose pieces are with the storage threads, or wait to be fetched again. They are not lost when a shard dies. */
  readonly #held = new Set<SlotIndex>();
  #waiting: { readonly full: FullPiece; readonly rule: RetryRule }[] = [];
  #cancelLook: (() => void) | null = null;
  #isStopped = false;
  #failedBytes = 0;

  constructor(ledger: Ledger, arena: Arena, listener: VerdictsListener) {
    this.#ledger = ledger;
    this.#arena = arena;
    this.#listener = listener;
  }

  /** Bytes of pieces that failed their hash and were thrown away. */
  get failedBytes(): number {
    return this.#failedBytes;
  }

  /** As `pendingBytes`; 0 when the slots are gone. */
  get pendingBytes(): number {
    return this.#arena === null ? 0 : pendingBytes(this.#ledger, this.#arena);
  }

  /** Null when its memory is gone. */
  get arena(): Arena | null {
    return this.#arena;
  }

  /** Slots of full pieces that are not judged yet. No shard writes them. */
  get held(): ReadonlySet<SlotIndex> {
    return this.#held;
  }

  /** The full pieces that a holder reports, without those that are known already. */
  take(told: readonly FullPiece[]): PieceToStore[] {
    // When a holder dies, main takes over its full pieces. The holder may have reported them as well.
    const pieces = told.filter(
      ({ piece, slot }) =>
        !this.#held.has(slot) &&
        !this.#slots.isDiscarded(slot) &&
        this.#slots.pieceOf(slot) === piece &&
        this.#ledger.stateOf(piece) === PIECE_STATE.full,
    );
    for (const { slot } of pieces) this.#held.add(slot);
    return pieces.map((full) => ({ ...full, suspect: this.#blame.isSuspect(full.piece) }));
  }

  /** This holder is gone: the pieces that it claimed are missing again, except full ones, which are returned. */
  reclaim(lost: ShardId): FullPiece[] {
    return this.#arena === null ? [] : reclaim(lost, this.#ledger, this.#arena, this.#held);
  }

  /** Frees the slots of good and bad pieces. The caller must count the good ones as verified. */
  judge({ good, bad, evidence }: Extract<StorageResult, { type: 'stored' }>): void {
    const evidenceOf = new Map(evidence.map((one: Evidence) => [one.piece, one]));
    for (const { piece, slot } of good) {
      const senders = this.#slots.senders(slot);
      this.#free(slot);
      for (const liar of this.#blame.passed(piece, senders, evidenceOf.get(piece)?.blockHashes ?? NO_HASHES))
        this.#listener.onConvicted(liar, piece);
    }
    for (const full of bad) this.#failed(full, evidenceOf.get(full.piece) ?? NO_EVIDENCE);
    this.#reopen();
  }

  /** Nobody can judge it: it is fetched again. */
  giveUp({ piece, slot }: FullPiece): void {
    if (this.#isStopped) return;
    this.#ledger.reset(piece);
    this.#free(slot);
    this.#listener.onReopened();
  }

  /** No piece is reopened after this. Storage threads may still judge some. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
    this.#cancelLook?.();
  }

  /** Lets its memory go. Call it after `stop`, when no thread judges a piece of it any more. */
  forget(): void {
    this.#arena = null;
  }

  get #slots(): Arena {
    if (this.#arena === null) throw new Error('the slots of this download are gone');
    return this.#arena;
  }

  #failed(full: FullPiece, evidence: Pick<Evidence, 'blockHashes' | 'leaves'>): void {
    const { blockHashes, leaves } = evidence;
    // What is judged after the end asks nobody.
    const isAsked = leaves !== null && !this.#isStopped;
    const asked = isAsked ? (this.#listener.leavesOf?.(full.piece) ?? null) : null;
    if (leaves === null || asked === null) return this.#suspect(full, blockHashes);
    // The slot is held meanwhile.
    const judged = (right: Uint8Array | null): void => {
      if (this.#isStopped) return;
      const senders = this.#slots.senders(full.slot);
      const found = right === null ? null : badBlocks(leaves, right, senders);
      if (found === null) this.#suspect(full, blockHashes);
      else this.#convict(full, found);
      this.#reopen();
    };
    asked.then(judged, () => judged(null));
  }

  /** It is known which blocks are bad, so nobody else is suspected. */
  #convict(full: FullPiece, { liars, retry }: BadBlocks): void {
    for (const block of retry.blocks ?? [])
      this.#failedBytes += lengthOfBlock(this.#slots.geometry, full.piece, block);
    for (const liar of liars) this.#listener.onConvicted(liar, full.piece);
    this.#waiting.push({ full, rule: retry });
  }

  #suspect(full: FullPiece, blockHashes: Uint8Array): void {
    const { piece, slot } = full;
    const senders = this.#slots.senders(slot);
    const { convicted, retry } = this.#blame.failed(piece, senders, blockHashes);
    const kept = retry === null || retry.solo ? [] : senders.map((sender) => !isAvoided(retry, sender));
    for (const block of senders.keys())
      if (kept[block] !== true) this.#failedBytes += lengthOfBlock(this.#slots.geometry, piece, block);
    if (convicted !== null) this.#listener.onConvicted(convicted, piece);
    if (retry !== null) {
      this.#waiting.push({ full, rule: retry });
      return;
    }
    this.#ledger.reset(piece);
    this.#free(slot);
  }

  /**
   * The rule for fetching the piece is in the slot before a holder can claim the piece. A guest that has not seen that the piece
   * is full may stay in the slot until its next tick.
   */
  #reopen(): void {
    if (this.#isStopped) return;
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(({ full, rule }) => {
      if (!this.#slots.retry(full.slot, rule)) return true;
      this.#held.delete(full.slot);
      this.#ledger.reset(full.piece);
      return false;
    });
    if (this.#waiting.length < before) this.#listener.onReopened();
    if (this.#waiting.length === 0 || this.#cancelLook !== null) return;
    this.#cancelLook = this.#listener.later(SLOT_LEFT_POLL_MS, () => {
      this.#cancelLook = null;
      this.#reopen();
    });
  }

  #free(slot: SlotIndex): void {
    this.#held.delete(slot);
    this.#slots.discard(slot);
  }
}

function isAvoided({ avoid }: RetryRule, sender: Sender | null): boolean {
  return sender === null || avoid.includes(sender);
}
