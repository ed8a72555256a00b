/**
 * A shard's part in a download: its requester with the ledger and the arena behind it, what the swarm has, and what
 * follows from a hash verdict.
 */

import type { ArenaMemory } from '../../shared/arena.ts';
import { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger, type LedgerMemory } from '../../shared/ledger.ts';
import type { Evidence, FullPiece, PickOrder } from '../../shared/messages.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { encodeHave } from '../wire/encoder.ts';
import { ActivePieces } from './active-pieces.ts';
import { Blame } from './blame.ts';
import { BlockRequester } from './block-requester.ts';
import { PieceOrder } from './piece-order.ts';
import type { RequestedPeer } from './requester.ts';

export interface ShardDownloadSetup {
  readonly ledger: LedgerMemory;
  readonly arena: ArenaMemory;
  readonly shard: ShardId;
  readonly maxSlots: number;
  readonly order: PickOrder;
  /** Other shards download the same torrent. */
  readonly hasNeighbours: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFull: (full: FullPiece) => void;
  /** The peer sent bad data. It may be gone by now. */
  readonly onConvicted: (peer: PeerIndex) => void;
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
  readonly #blame = new Blame();
  readonly #onConvicted: (peer: PeerIndex) => void;

  constructor(setup: ShardDownloadSetup) {
    const arena = new Arena(setup.arena);
    this.#onConvicted = setup.onConvicted;
    this.#ledger = new Ledger(setup.ledger);
    this.#order = new PieceOrder(this.#ledger, setup.order, setup.random);
    this.#actives = new ActivePieces(this.#ledger, arena, this.#order, setup.shard, setup.maxSlots);
    this.requester = new BlockRequester(
      this.#ledger,
      arena,
      this.#actives,
      setup.clock,
      setup.hasNeighbours,
      (active, isOurs) => {
        this.#blame.handedOver(active.piece, active.senders);
        if (isOurs) setup.onFull({ piece: active.piece, slot: active.slot });
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

  /** The hashers' word on pieces of all shards. Who is shown to have sent bad data is closed. */
  verdicts(
    verified: readonly PieceIndex[],
    evidence: readonly Evidence[],
    peers: ReadonlyMap<PeerIndex, JudgedPeer>,
  ): void {
    this.requester.settleJoint();
    for (const item of evidence) {
      for (const liar of this.#blame.weigh(item)) {
        peers.get(liar)?.close('bad-data');
        this.#onConvicted(liar);
      }
      if (item.good) this.#actives.markGood(item.piece);
      else this.#actives.markSuspect(item.piece);
      if (!item.good) this.#order.markStale();
    }
    for (const piece of verified) this.#blame.passed(piece);
    if (verified.length > 0) for (const peer of [...peers.values()]) announce(peer, verified);
    this.requester.feedHungry();
  }
}

/** HAVE to those who lack the piece; a seed needs no telling. */
function announce(peer: JudgedPeer, verified: readonly PieceIndex[]): void {
  if (!peer.inSession || peer.pieces.complete) return;
  const news = verified.filter((piece) => !peer.pieces.has(piece)).map(encodeHave);
  if (news.length > 0) peer.send(Buffer.concat(news));
}
