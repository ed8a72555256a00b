/**
 * Gives blocks of one torrent to its peers on a shard: takes their requests, reads chunks that are not in the cache, and writes
 * as much as each connection takes. Main decides who is unchoked (BEP 3).
 */
import type { Clock } from '../../shared/clock.ts';
import type { Contender } from '../../shared/contender.ts';
import { type Geometry, servedLength } from '../../shared/geometry.ts';
import { type PeerIndex, type PieceIndex, pieceIndex } from '../../shared/indices.ts';
import {
  ALLOWED_FAST_PIECES,
  BLOCK_BYTES,
  CHUNK_BYTES,
  CHUNK_CACHE_BYTES,
  CONTENDERS_MS,
  MAX_SERVED_BLOCK_BYTES,
  OUR_REQUEST_QUEUE_BLOCKS,
  UNREAD_TIMEOUT_MS,
} from '../../shared/limits.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { CHOKE, encodeAllowedFast, encodeReject, UNCHOKE } from '../wire/encoder.ts';
import { AllowedFast, allowedFastPieces } from './allowed-fast.ts';
import { Batch } from './batch.ts';
import type { RequestedBlock } from './block-queue.ts';
import type { ReadFault } from './chunk-reader.ts';
import type { ChunkSource } from './chunk-source.ts';
import { LeafHashes, type LeavesOf } from './leaf-hashes.ts';
import type { OurPieces } from './our-pieces.ts';
import type { ServedPeer, Uploads } from './served-peer.ts';
import { Suggestions } from './suggestions.ts';
import type { SuperSeeding } from './super-seeding.ts';
import { UploadReads } from './upload-reads.ts';
import type { UploadTurns } from './upload-turns.ts';

/** What the uploads need of their shard, and tell it. */
export interface UploadHost {
  readonly infoHash: Uint8Array;
  readonly clock: Clock;
  readonly turns: UploadTurns;
  readonly peers: () => Iterable<ServedPeer>;
  /** Peers that want data or are unchoked: all of them, or those about which there is news. */
  onContenders(peers: readonly Contender[]): void;
  onReadFault(fault: ReadFault): void;
  guard(work: () => void): void;
}

export class TorrentUploads implements Uploads {
  readonly #geometry: Geometry;
  readonly #pieces: OurPieces;
  readonly #chunks: ChunkSource;
  readonly #host: UploadHost;
  readonly #reads: UploadReads;
  readonly #leaves: LeafHashes;
  readonly #offers: SuperSeeding | null;
  readonly #suggestions: Suggestions | null;
  /** Those that want data or are unchoked. */
  readonly #contenders = new Map<PeerIndex, ServedPeer>();
  readonly #waiting = new Map<ServedPeer, { readonly onTurn: () => void }>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldAny = false;
  #sentBytes = 0;

  /** `offers`: what each peer may request, with super-seeding; null: everything that we have. */
  constructor(
    geometry: Geometry,
    pieces: OurPieces,
    chunks: ChunkSource,
    offers: SuperSeeding | null,
    host: UploadHost,
  ) {
    this.#offers = offers;
    this.#geometry = geometry;
    this.#pieces = pieces;
    this.#chunks = chunks;
    this.#host = host;
    // A torrent that fits into the cache is read once anyway; with super-seeding we hide what we have.
    const suggests = offers === null && geometry.totalLength > CHUNK_CACHE_BYTES;
    this.#suggestions = suggests ? new Suggestions(geometry, pieces) : null;
    this.#leaves = new LeafHashes(chunks);
    this.#reads = new UploadReads(geometry, pieces, chunks, offers === null, host);
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Somebody wants data, or main does not yet know that nobody does. */
  get isWorking(): boolean {
    return this.#contenders.size > 0 || this.#toldAny;
  }

  /** With super-seeding each peer gets what it is offered. */
  greeted(peer: ServedPeer): void {
    const { pieceCount, pieceLength } = this.#geometry;
    if (!peer.fast || this.#offers !== null || peer.pieces.count >= ALLOWED_FAST_PIECES) return;
    const pieces = allowedFastPieces(peer.address.host, this.#host.infoHash, pieceCount);
    if (pieces.length === 0) return;
    peer.uploads.allowedFast = new AllowedFast(pieces, pieceLength);
    peer.send(Buffer.concat(pieces.map(encodeAllowedFast)));
  }

  request(peer: ServedPeer, piece: number, begin: number, length: number): boolean {
    const index = pieceIndex(piece, this.#geometry.pieceCount);
    if (index === null) {
      peer.close('bad-piece-index');
      return false;
    }
    const end = begin + length;
    if (length === 0 || length > MAX_SERVED_BLOCK_BYTES || end > servedLength(this.#geometry, index)) {
      peer.close('bad-request');
      return false;
    }
    // Most clients would request it again and again.
    if (peer.uploads.isMisinformed && this.#pieces.isHidden(index)) peer.close('unreadable');
    if (!peer.inSession) return false;
    const { queue, unchoked } = peer.uploads;
    const hasIt = this.#pieces.has(index) && this.#offers?.asks(peer, index) !== false;
    const isAllowed = hasIt && (unchoked || this.#isAllowedFast(peer, piece, length));
    if (!isAllowed || queue.size >= OUR_REQUEST_QUEUE_BLOCKS) {
      reject(peer, { piece, begin, length });
      return false;
    }
    if (queue.size === 0 && !peer.uploads.sending) peer.uploads.movedAt = this.#host.clock();
    queue.add({ piece, begin, length });
    peer.uploads.requested.add(index);
    this.#suggestions?.requested(index);
    this.#host.guard(() => this.#serve(peer));
    return true;
  }

  leavesOf(piece: PieceIndex, bytes: number, done: Parameters<LeavesOf>[2]): void {
    if (!this.#pieces.has(piece)) return done(null);
    void this.#leaves.of(piece, bytes).then((leaves) => this.#host.guard(() => done(leaves)));
  }

  cancel(peer: ServedPeer, piece: number, begin: number, length: number): void {
    const block = { piece, begin, length };
    // BEP 6: each request is answered, also one that is taken back.
    if (peer.uploads.queue.cancel(block)) reject(peer, block);
  }

  /** Nodes of our cluster are unchoked at once, and for good: main decides about all others. */
  interestChanged(peer: ServedPeer): void {
    if (peer.isNode) return this.#unchoke(peer);
    if (!peer.isInterested) return;
    const isNews = !this.#contenders.has(peer.index);
    this.#contenders.set(peer.index, peer);
    // At once: a place may be free.
    if (isNews || !peer.uploads.unchoked) this.#host.onContenders([contenderOf(peer, this.#host.clock())]);
  }

  /** Main has decided. A peer that has left meanwhile is not there any more. */
  choose(
    { unchoke, choke }: { readonly unchoke: readonly PeerIndex[]; readonly choke: readonly PeerIndex[] },
    peerAt: (index: PeerIndex) => ServedPeer | undefined,
  ): void {
    for (const index of choke) this.#choke(peerAt(index));
    for (const index of unchoke) this.#unchoke(peerAt(index));
  }

  left(peer: ServedPeer): void {
    peer.uploads.closed();
    this.#stopWaiting(peer);
    // Main learns it from the outcome of the peer.
    this.#contenders.delete(peer.index);
  }

  /** Its files have their final names. */
  rename(files: readonly StoredFile[]): void {
    this.#chunks.rename(files);
  }

  /** The torrent leaves. */
  close(): void {
    this.#chunks.close();
  }

  tick(now: number): void {
    for (const peer of [...this.#contenders.values()]) {
      const { uploads } = peer;
      const owes = uploads.sending && peer.unsentBytes > 0;
      if (owes && now - uploads.movedAt >= UNREAD_TIMEOUT_MS) peer.close('unread-backlog');
    }
    this.#reads.tick(now);
    this.#suggestions?.tick(this.#host.peers(), this.#contenders.values(), now);
    if (now - this.#toldAt < CONTENDERS_MS || !this.isWorking) return;
    this.#toldAt = now;
    const peers = [...this.#contenders.values()].filter(({ isNode }) => !isNode);
    this.#toldAny = peers.length > 0;
    this.#host.onContenders(peers.map((peer) => contenderOf(peer, now)));
    for (const peer of [...this.#contenders.values()])
      if (!peer.isInterested && !peer.uploads.unchoked && !peer.uploads.isOwed)
        this.#contenders.delete(peer.index);
  }

  #isAllowedFast({ uploads, pieces }: ServedPeer, piece: number, length: number): boolean {
    return uploads.allowedFast?.allows(piece, length, pieces.count) === true;
  }

  #unchoke(peer: ServedPeer | undefined): void {
    if (peer?.inSession !== true || peer.uploads.unchoked) return;
    peer.uploads.unchokedAt = this.#host.clock();
    this.#contenders.set(peer.index, peer);
    this.#suggestions?.make([peer], this.#host.clock());
    peer.send(UNCHOKE);
  }

  #choke(peer: ServedPeer | undefined): void {
    if (peer?.inSession !== true || !peer.uploads.unchoked || peer.isNode) return;
    peer.uploads.unchokedAt = null;
    peer.send(CHOKE);
    const { queue, allowedFast } = peer.uploads;
    for (const block of queue.clear(({ piece }) => allowedFast?.pieces.has(piece) === true))
      reject(peer, block);
    if (queue.size === 0) this.#stopWaiting(peer);
  }

  /** Writes what its connection takes now. Goes on when the connection is empty, a chunk has been read, or it is its turn. */
  #serve(peer: ServedPeer): void {
    const { uploads } = peer;
    if (uploads.sending || uploads.reading || uploads.queued || !peer.inSession) return;
    const batch = new Batch();
    // Blocks of 128 KiB would make a batch of several MiB.
    while (batch.bytes < uploads.batchBlocks * BLOCK_BYTES) {
      const block = uploads.queue.first;
      if (block === null) break;
      if (this.#pieces.isHidden(block.piece as PieceIndex)) {
        uploads.queue.shift();
        reject(peer, block);
        continue;
      }
      if (!this.#mayGo(peer, block.length)) break;
      if (!batch.add(block, (start) => this.#chunks.cached(block.piece, start))) {
        if (!peer.isNode) this.#host.turns.giveBack(block.length);
        this.#reads.read(peer.uploads, block, () => this.#serve(peer));
        break;
      }
      uploads.queue.shift();
    }
    if (batch.bytes > 0) this.#write(peer, batch);
    // With so many peers a chunk would leave the cache before its turn.
    if (this.#contenders.size * 2 * CHUNK_BYTES <= CHUNK_CACHE_BYTES) this.#reads.ahead(peer.uploads);
  }

  #write(peer: ServedPeer, batch: Batch): void {
    const { uploads } = peer;
    uploads.write(batch.bytes, this.#chunks.use(batch.chunks), this.#host.clock());
    this.#sentBytes += batch.bytes;
    peer.sendParts(batch.parts, () => {
      uploads.taken(this.#host.clock());
      this.#host.guard(() => this.#serve(peer));
    });
  }

  #mayGo(peer: ServedPeer, bytes: number): boolean {
    if (peer.isNode) return true;
    const turn = this.#waiting.get(peer) ?? {
      onTurn: () => {
        peer.uploads.queued = false;
        this.#host.guard(() => this.#serve(peer));
      },
    };
    if (this.#host.turns.take(turn, bytes)) return true;
    peer.uploads.queued = true;
    this.#waiting.set(peer, turn);
    return false;
  }

  #stopWaiting(peer: ServedPeer): void {
    const turn = this.#waiting.get(peer);
    if (turn === undefined) return;
    this.#waiting.delete(peer);
    this.#host.turns.leave(turn);
    peer.uploads.queued = false;
  }
}

/** The answer to a request that is not served (BEP 6). */
function reject(peer: ServedPeer, { piece, begin, length }: RequestedBlock): void {
  if (peer.fast) peer.send(encodeReject(piece, begin, length));
}

function contenderOf(peer: ServedPeer, now: number): Contender {
  const { unchoked, sentBytes, isOwed } = peer.uploads;
  return {
    peer: peer.index,
    wants: peer.isInterested,
    unchoked,
    gaveBytes: peer.receivedBytes,
    gotBytes: sentBytes,
    isIdle: peer.uploads.isIdle(now),
    isOwed,
  };
}
