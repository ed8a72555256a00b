/** What we owe one peer and have given it: its part of the record of uploads. */
import type { PieceIndex } from '../../shared/indices.ts';
import {
  FIRST_UPLOAD_BLOCKS,
  MAX_UPLOAD_BATCH_BLOCKS,
  QUICK_BATCH_MS,
  RECENT_PIECES,
  SLOW_BATCH_MS,
  UNUSED_PLACE_MS,
} from '../../shared/limits.ts';
import type { AllowedFast } from './allowed-fast.ts';
import { BlockQueue } from './block-queue.ts';
import type { ChunkUse } from './chunk-source.ts';
import { RecentPieces } from './recent-pieces.ts';

export class UploadBook {
  readonly queue = new BlockQueue();
  /** What it may request although we choke it (BEP 6). */
  allowedFast: AllowedFast | null = null;
  /** It has these, or will soon, also if it has not said so yet. */
  readonly requested = new RecentPieces<PieceIndex>(RECENT_PIECES);
  /** Pieces that were suggested to it (BEP 6), and when. */
  readonly suggested = new Map<PieceIndex, number>();
  /** It believes that we have pieces that we cannot give. */
  isMisinformed = false;
  /** Since when we unchoke it; null if we choke it. */
  unchokedAt: number | null = null;
  /** Bytes of blocks that were given to its connection. */
  sentBytes = 0;
  /** When its connection last took something, or had nothing to take. */
  movedAt = 0;
  /** When the last batch was written. */
  #writtenAt = 0;
  /** Its next block is being read from disk. */
  reading = false;
  /** It waits for its turn within the rate limit. */
  queued = false;
  #batchBlocks = FIRST_UPLOAD_BLOCKS;
  /** The chunks of the last batch, until its connection has taken all of it. */
  #use: ChunkUse | null = null;

  /** Its connection has not yet taken all of the last batch. */
  get sending(): boolean {
    return this.#use !== null;
  }

  get unchoked(): boolean {
    return this.unchokedAt !== null;
  }

  /** It has requested blocks that its connection has not taken. */
  get isOwed(): boolean {
    return this.queue.size > 0 || this.sending;
  }

  /** It is unchoked, and neither takes anything nor waits for us. */
  isIdle(now: number): boolean {
    if (this.unchokedAt === null || this.reading || this.queued) return false;
    return now - Math.max(this.unchokedAt, this.movedAt) >= UNUSED_PLACE_MS;
  }

  /** Blocks that are written at one time: more for a connection that takes them at once, so that others do not fill memory. */
  get batchBlocks(): number {
    return this.#batchBlocks;
  }

  /** A batch of so many bytes of blocks goes to its connection. `use`: of the chunks that it is made of. */
  write(bytes: number, use: ChunkUse, now: number): void {
    this.#use = use;
    this.sentBytes += bytes;
    this.#writtenAt = now;
  }

  /** Its connection has taken the batch. */
  taken(now: number): void {
    this.#use?.end();
    this.#use = null;
    this.movedAt = now;
    const took = now - this.#writtenAt;
    if (took <= QUICK_BATCH_MS) this.#batchBlocks = Math.min(MAX_UPLOAD_BATCH_BLOCKS, this.#batchBlocks * 2);
    if (took >= SLOW_BATCH_MS) this.#batchBlocks = Math.max(1, this.#batchBlocks >>> 1);
  }

  /** Its connection is closed, and takes nothing more. */
  closed(): void {
    this.queue.clear();
    this.unchokedAt = null;
    this.#use?.abandon();
    this.#use = null;
  }
}
