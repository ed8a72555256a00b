/**
 * A shard's part in a download: its requester with the ledger and the arena behind it, what the swarm has, and what
 * follows from a hash verdict.
 */

import type { ArenaMemory } from '../../shared/arena.ts';
import { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../shared/ledger.ts';
import { MAX_BAD_PIECE_STRIKES } from '../../shared/limits.ts';
import type { FullPiece, PickOrder } from '../../shared/messages.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { encodeHave } from '../wire/encoder.ts';
import { ActivePieces } from './active-pieces.ts';
import { BlockRequester } from './block-requester.ts';
import { PieceOrder } from './piece-order.ts';
import type { RequestedPeer } from './requester.ts';

export interface ShardDownloadSetup {
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly shard: ShardId;
  readonly maxSlots: number;
  readonly order: PickOrder;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFull: (full: FullPiece) => void;
}

/** A peer of the shard, as far as verdicts reach it. */
export interface JudgedPeer extends RequestedPeer {
  readonly inSession: boolean;
}

export class ShardDownload {
  readonly requester: BlockRequester;
  readonly #ledger: Ledger;
  readonly #order: PieceOrder;
  readonly #actives: ActivePieces;
  /** Full pieces of this shard whose verdict has not come, with those who sent their blocks. */
  readonly #awaiting = new Map<PieceIndex, ReadonlySet<PeerIndex>>();

  constructor(setup: ShardDownloadSetup) {
    const arena = new Arena(setup.arena);
    this.#ledger = new Ledger(setup.ledger);
    this.#order = new PieceOrder(this.#ledger, setup.order, setup.random);
    this.#actives = new ActivePieces(this.#ledger, arena, this.#order, setup.shard, setup.maxSlots);
    this.requester = new BlockRequester(
      this.#ledger,
      arena,
      this.#actives,
      setup.clock,
      (piece, slot, contributors) => {
        this.#awaiting.set(piece, contributors);
        setup.onFull({ piece, slot });
      },
    );
  }

  countPieces(pieces: PieceSet, change: 1 | -1): void {
    if (pieces.count === 0) return;
    this.#order.markStale();
    if (pieces.complete) this.#ledger.addSeed(change);
    else pieces.each((piece) => this.#ledger.addAvailability(piece, change));
  }

  /** `piece` is the newest of `pieces`. A peer that has just become a seed is counted as one from here on. */
  countPiece(pieces: PieceSet, piece: PieceIndex): void {
    this.#order.markStale();
    if (!pieces.complete) return this.#ledger.addAvailability(piece, 1);
    for (let other = 0; other < pieces.pieceCount; other++) {
      if (other !== piece) this.#ledger.addAvailability(other as PieceIndex, -1);
    }
    this.#ledger.addSeed(1);
  }

  isUseful(pieces: PieceSet): boolean {
    if (pieces.complete) return !this.#ledger.complete;
    for (let piece = 0; piece < pieces.pieceCount; piece++) {
      if (this.#ledger.isWanted(piece as PieceIndex) && pieces.has(piece)) return true;
    }
    return false;
  }

  /** The hashers' word on pieces of all shards. */
  verdicts(
    verified: readonly PieceIndex[],
    failed: readonly PieceIndex[],
    peers: ReadonlyMap<PeerIndex, JudgedPeer>,
  ): void {
    for (const piece of verified) {
      this.#awaiting.delete(piece);
      this.#actives.markGood(piece);
    }
    for (const piece of failed) this.#blame(piece, peers);
    if (verified.length > 0) for (const peer of [...peers.values()]) announce(peer, verified);
    this.requester.feedHungry();
  }

  /**
   * A piece from one peer alone names the culprit. One from several does not: each gets a strike, and the piece is
   * fetched again from a single peer, so that the next verdict is sharp.
   */
  #blame(piece: PieceIndex, peers: ReadonlyMap<PeerIndex, JudgedPeer>): void {
    this.#actives.markSuspect(piece);
    this.#order.markStale();
    const contributors = this.#awaiting.get(piece);
    this.#awaiting.delete(piece);
    if (contributors === undefined) return;
    for (const index of contributors) {
      const peer = peers.get(index);
      if (peer === undefined) continue;
      peer.book.strikes += 1;
      if (contributors.size === 1 || peer.book.strikes >= MAX_BAD_PIECE_STRIKES) peer.close('bad-data');
    }
  }
}

/** HAVE to those who lack the piece; a seed needs no telling. */
function announce(peer: JudgedPeer, verified: readonly PieceIndex[]): void {
  if (!peer.inSession || peer.pieces.complete) return;
  const news = verified.filter((piece) => !peer.pieces.has(piece)).map(encodeHave);
  if (news.length > 0) peer.send(Buffer.concat(news));
}
