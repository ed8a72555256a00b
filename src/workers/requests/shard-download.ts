/** A shard's part in a download: its requester with the ledger and the arena, and the availability in the swarm. */

import { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../shared/ledger.ts';
import type { FullPiece, PickOrder } from '../../shared/messages.ts';
import type { ArenaMemory } from '../../shared/slot-blocks.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { ActivePieces } from './active-pieces.ts';
import { BlockRequester } from './block-requester.ts';
import { PieceOrder } from './piece-order.ts';
import type { RequestPace } from './request-pace.ts';

export interface ShardDownloadSetup {
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly shard: ShardId;
  readonly maxSlots: number;
  readonly order: PickOrder;
  /** Other shards also download this torrent. */
  readonly hasNeighbours: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pace: RequestPace;
  readonly onFull: (full: FullPiece) => void;
}

export class ShardDownload {
  readonly requester: BlockRequester;
  readonly #ledger: Ledger;
  readonly #order: PieceOrder;
  readonly #actives: ActivePieces;

  constructor(setup: ShardDownloadSetup) {
    const arena = new Arena(setup.arena);
    this.#ledger = new Ledger(setup.ledger);
    this.#order = new PieceOrder(this.#ledger, setup.order, setup.random);
    this.#actives = new ActivePieces(this.#ledger, arena, this.#order, setup.shard, setup.maxSlots);
    this.requester = new BlockRequester(
      this.#ledger,
      arena,
      this.#actives,
      this.#order,
      setup.clock,
      setup.hasNeighbours,
      setup.pace,
      ({ piece, slot }) => setup.onFull({ piece, slot }),
    );
  }

  get isWorking(): boolean {
    return this.#actives.any;
  }

  countPieces(pieces: PieceSet, change: 1 | -1): void {
    if (pieces.count === 0) return;
    this.#order.markStale();
    if (pieces.complete) this.#ledger.addSeed(change);
    else pieces.each((piece) => this.#ledger.addAvailability(piece, change));
  }

  /** `piece` is the newest of `pieces`. A peer that has just become a seed counts as one from now on. */
  countPiece(pieces: PieceSet, piece: PieceIndex): void {
    this.#order.markStale();
    this.#change(pieces, piece, 1);
  }

  /** A seed that loses a piece is none any more. */
  uncountPiece(pieces: PieceSet, piece: PieceIndex): void {
    this.#order.markStale();
    this.#change(pieces, piece, -1);
  }

  /** `pieces` has `piece` and is a seed with it, or has others. */
  #change(pieces: PieceSet, piece: PieceIndex, change: 1 | -1): void {
    if (!pieces.complete) return this.#ledger.addAvailability(piece, change);
    for (let other = 0; other < pieces.pieceCount; other++)
      if (other !== piece) this.#ledger.addAvailability(other as PieceIndex, change === 1 ? -1 : 1);
    this.#ledger.addSeed(change);
  }

  /** Verdicts of main: pieces may have failed, and slots are free again. */
  verdicts(): void {
    this.#order.markStale();
    this.requester.feedHungry();
  }
}
