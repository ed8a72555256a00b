/**
 * A shard's part in a download: its requester with the ledger and the arena, the availability in the swarm, and the effects of
 * a verdict.
 */

import { Arena } from '../../shared/arena.ts';
import type { Clock } from '../../shared/clock.ts';
import type { PeerIndex, PieceIndex, ShardId } from '../../shared/indices.ts';
import { Ledger, type LedgerMemory, PIECE_STATE } from '../../shared/ledger.ts';
import { MAX_FOUND_TOLD_PIECES } from '../../shared/limits.ts';
import type { FullPiece, PickOrder } from '../../shared/messages.ts';
import type { ArenaMemory } from '../../shared/slot-blocks.ts';
import type { PieceSet } from '../peer/piece-set.ts';
import { encodeBitfield, encodeHave } from '../wire/encoder.ts';
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
  /** Other shards also download this torrent. */
  readonly hasNeighbours: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onFull: (full: FullPiece) => void;
}

export class ShardDownload {
  readonly requester: BlockRequester;
  readonly #ledger: Ledger;
  readonly #order: PieceOrder;
  readonly #actives: ActivePieces;
  #bitfield: { readonly count: number; readonly bytes: Buffer } | null = null;

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
      ({ piece, slot }) => setup.onFull({ piece, slot }),
    );
  }

  /** The message that tells a new peer which pieces we have; null while we have none. */
  get bitfield(): Buffer | null {
    const { verifiedCount } = this.#ledger;
    if (verifiedCount === 0) return null;
    if (this.#bitfield?.count !== verifiedCount)
      this.#bitfield = { count: verifiedCount, bytes: encodeBitfield(this.#ledger.verifiedBits()) };
    return this.#bitfield.bytes;
  }

  /** Peers that connected before the torrent was known, or before the disk was checked, learn which pieces were found there. */
  tellFound(peers: ReadonlyMap<PeerIndex, RequestedPeer>): void {
    const found: PieceIndex[] = [];
    for (let piece = 0; piece < this.#ledger.pieceCount && found.length < MAX_FOUND_TOLD_PIECES; piece++)
      if (this.#ledger.stateOf(piece as PieceIndex) === PIECE_STATE.verified) found.push(piece as PieceIndex);
    announce(found, peers);
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
    if (!pieces.complete) return this.#ledger.addAvailability(piece, 1);
    for (let other = 0; other < pieces.pieceCount; other++) {
      if (other !== piece) this.#ledger.addAvailability(other as PieceIndex, -1);
    }
    this.#ledger.addSeed(1);
  }

  /** Verdicts on pieces of all shards: these are verified; others may have failed, and slots are free again. */
  verdicts(verified: readonly PieceIndex[], peers: ReadonlyMap<PeerIndex, RequestedPeer>): void {
    this.#order.markStale();
    announce(verified, peers);
    this.requester.feedHungry();
  }
}

/**
 * Sends HAVE to every peer that is not a seed, also for pieces that it has: a super-seeding peer (BEP 16) offers the next
 * piece only after a HAVE for the last one.
 */
function announce(pieces: readonly PieceIndex[], peers: ReadonlyMap<PeerIndex, RequestedPeer>): void {
  if (pieces.length === 0) return;
  const news = Buffer.concat(pieces.map(encodeHave));
  for (const peer of [...peers.values()]) if (peer.inSession && !peer.pieces.complete) peer.send(news);
}
