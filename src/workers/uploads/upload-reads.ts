/** Reads what peers have requested, and hides the pieces of a file that cannot be read until it is time to look again. */
import type { Clock } from '../../shared/clock.ts';
import { type Geometry, piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import {
  CHUNK_BYTES,
  MAX_FOUND_TOLD_PIECES,
  READ_AHEAD_BLOCKS,
  UNREADABLE_FILE_MS,
} from '../../shared/limits.ts';
import type { RequestedBlock } from './block-queue.ts';
import { ReadFault } from './chunk-reader.ts';
import type { ChunkSource } from './chunk-source.ts';
import { type OurPieces, tellPieces } from './our-pieces.ts';
import type { ServedPeer } from './served-peer.ts';
import type { UploadBook } from './upload-book.ts';

interface ReadsHost {
  readonly clock: Clock;
  readonly peers: () => Iterable<ServedPeer>;
  onReadFault(fault: ReadFault): void;
  guard(work: () => void): void;
}

export class UploadReads {
  readonly #geometry: Geometry;
  readonly #pieces: OurPieces;
  readonly #chunks: ChunkSource;
  readonly #areTold: boolean;
  readonly #host: ReadsHost;
  #showAgainAt = Number.POSITIVE_INFINITY;

  /** `areTold`: peers know which pieces we have; with super-seeding they know what they were offered. */
  constructor(geometry: Geometry, pieces: OurPieces, chunks: ChunkSource, areTold: boolean, host: ReadsHost) {
    this.#areTold = areTold;
    this.#geometry = geometry;
    this.#pieces = pieces;
    this.#chunks = chunks;
    this.#host = host;
  }

  /** Reads what is missing of the block, then calls `goOn`, also after a fault. */
  read(uploads: UploadBook, block: RequestedBlock, goOn: () => void): void {
    uploads.reading = true;
    void Promise.allSettled(startsOf(block).map((start) => this.#chunks.read(block.piece, start))).then(
      (reads) => {
        const fault = reads.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
        if (fault !== undefined) this.#host.guard(() => this.#notRead(fault.reason));
        uploads.reading = false;
        this.#host.guard(goOn);
        for (const read of reads) if (read.status === 'fulfilled') read.value?.release();
      },
    );
  }

  /** What is requested next is read while the present blocks are on their way. A fault is found when they are sent. */
  ahead({ queue }: UploadBook): void {
    for (const block of queue.ahead(READ_AHEAD_BLOCKS))
      if (!this.#pieces.isHidden(block.piece as PieceIndex))
        for (const start of startsOf(block)) this.#chunks.ahead(block.piece, start);
  }

  tick(now: number): void {
    if (now < this.#showAgainAt) return;
    this.#showAgainAt = Number.POSITIVE_INFINITY;
    const pieces = this.#pieces.showAgain();
    if (this.#areTold) tellPieces(pieces.slice(0, MAX_FOUND_TOLD_PIECES), this.#host.peers());
  }

  /** A peer that cannot be told will request what we do not have. */
  #tellHidden(pieces: readonly PieceIndex[]): void {
    const canTell = pieces.length <= MAX_FOUND_TOLD_PIECES;
    for (const peer of [...this.#host.peers()])
      if (peer.inSession && !(canTell && peer.extensions?.tellLost(pieces) === true))
        peer.uploads.isMisinformed = true;
  }

  /** Peers may ask others for what is in the file. It is tried again later: the disk may come back. */
  #notRead(error: unknown): void {
    if (!(error instanceof ReadFault)) throw error;
    const { first, end } = piecesOf(this.#geometry, error.file);
    const lost = this.#pieces.hide(first, end - 1);
    if (this.#areTold && lost.length > 0) this.#tellHidden(lost);
    this.#showAgainAt = this.#host.clock() + UNREADABLE_FILE_MS;
    this.#host.onReadFault(error);
  }
}

/** The starts of the chunks of a piece with bytes of the block. */
function startsOf({ begin, length }: RequestedBlock): number[] {
  const starts: number[] = [];
  for (let start = begin - (begin % CHUNK_BYTES); start < begin + length; start += CHUNK_BYTES)
    starts.push(start);
  return starts;
}
