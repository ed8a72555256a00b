/**
 * A download from the first address to the last verified byte. The race finds peers that unchoke, shards fill slots of
 * the arena, and storage threads verify and write. Only this file marks a piece as verified.
 */

import { Arena } from '../../shared/arena.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { Ledger } from '../../shared/ledger.ts';
import type { FullPiece, ShardTorrent } from '../../shared/messages.ts';
import { type Sender, senderOf } from '../../shared/sender.ts';
import type { StorageResult } from '../../shared/storage-messages.ts';
import type { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import { SYSTEM_MAIN } from '../main-world.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { WebSeeds } from '../pools/web-seeds.ts';
import { DownloadFiles } from '../storage/download-files.ts';
import type { Taken } from '../storage/reuse/reuse.ts';
import { splitHybrid } from '../torrent/version2.ts';
import { ByteCounts, type PieceOrigin } from './byte-counts.ts';
import type { DownloadListener, DownloadOptions, UnavailableFile } from './download-options.ts';
import type { DownloadSymptoms } from './download-symptoms.ts';
import { FileReaders } from './file-reader.ts';
import { allocateArena } from './memory.ts';
import { MissingFiles } from './missing-files.ts';
import { Reusing } from './reusing.ts';
import { ShardContent } from './shard-content.ts';
import { startWebSeeds } from './start-web-seeds.ts';
import { storedSetup } from './stored-setup.ts';
import { UnfinishedPieces } from './unfinished-pieces.ts';
import { UnhashedPieces } from './unhashed-pieces.ts';
import { VerdictNews } from './verdict-news.ts';
import { Verdicts } from './verdicts.ts';
import { skipUnwanted } from './wanted-pieces.ts';

type Written = Pick<Taken, 'withheld' | 'edges' | 'writeBytes'>;

export class Download {
  readonly #options: DownloadOptions;
  readonly #listener: DownloadListener;
  readonly #ledger: Ledger;
  readonly #stored: StoredTorrent;
  /** Null: pieces are thrown away. */
  readonly #files: DownloadFiles | null;
  #webSeeds: WebSeeds | null = null;
  readonly #reusing: Reusing | null;
  readonly #missing: MissingFiles;
  /** Null when nothing more is downloaded: its memory is for others. */
  #share: NonNullable<ShardTorrent['download']> | null;
  readonly #content: ShardContent;
  readonly #verdicts: Verdicts;
  readonly #unhashed: UnhashedPieces | null;
  readonly #unfinished: UnfinishedPieces | null;
  readonly readers: FileReaders;
  readonly bytes: ByteCounts;
  #writeBytes = 0;
  readonly #news: VerdictNews;
  #ended = false;
  readonly #unsubscribe: () => void;
  #resting: Promise<void> | null = null;

  /** Throws a `usage` failure if one piece does not fit the memory. Registers with the storage threads. */
  constructor(options: DownloadOptions, listener: DownloadListener) {
    this.#options = options;
    this.#listener = listener;
    const { metainfo, race, shards, files, world = SYSTEM_MAIN } = options;
    // Web seeds hold slots like one more shard.
    const sharers = shards + (options.webSeeds.urls.length > 0 ? 1 : 0);
    const g = metainfo.geometry;
    const arenaMemory = allocateArena(g, options.memoryBytes);
    const ledgerMemory = Ledger.allocate(g.pieceCount, options.isShared);
    this.#ledger = new Ledger(ledgerMemory);
    const wanted = skipUnwanted(this.#ledger, options.plan.wanted, g);
    this.bytes = new ByteCounts(metainfo, options.plan, wanted, {
      pending: () => this.#verdicts.pendingBytes,
      kept: () => this.#unfinished?.keptBytes ?? 0,
    });
    this.#files = DownloadFiles.of(files, metainfo, this.#ledger, listener);
    this.readers = new FileReaders(metainfo, options.plan, this.#files, this.#ledger);
    if (files !== null) files.place.onLost = (error) => this.#fail(error);
    const place = this.#files?.forThreads;
    this.#stored = options.storage.register(options.torrent, storedSetup(options, arenaMemory, place));
    this.#news = new VerdictNews(world, race);
    this.#verdicts = new Verdicts(this.#ledger, new Arena(arenaMemory), {
      onConvicted: (sender, piece) => this.#convict(sender, piece),
      onReopened: () => this.#news.tell(),
      leavesOf: (piece) => options.leavesOf?.(piece) ?? null,
      later: world.later,
    });
    this.#unfinished = UnfinishedPieces.of(this.#files?.blockFile ?? null, this.#ledger, this.#verdicts);
    this.#unhashed = UnhashedPieces.of(metainfo, arenaMemory, {
      later: world.later,
      store: (pieces) => this.#stored.store(pieces),
      giveUp: (full) => this.#verdicts.giveUp(full),
    });
    this.#stored.listen(
      (result) => this.#judge(result),
      (error) => this.#fail(error),
    );
    this.#reusing = Reusing.of(files?.reuse ?? null, {
      ...{ stored: this.#stored, ledger: this.#ledger, world, bytes: this.bytes, listener },
      onTaken: (taken) => this.#taken(taken),
      onFailure: (error) => this.#fail(error),
      isOver: () => this.#ended,
    });
    this.#missing = new MissingFiles(options.plan, metainfo, (file) => listener.onFileUnavailable(file));
    const maxSlots = Math.max(2, Math.ceil(arenaMemory.slotCount / sharers));
    const [order, hasNeighbours] = [options.order, sharers > 1];
    this.#share = { ledger: ledgerMemory, arena: arenaMemory, maxSlots, order, hasNeighbours };
    this.#content = new ShardContent(race, metainfo, options.plan, ledgerMemory, place);
    this.#unsubscribe = race.subscribe({
      onFull: (pieces) => this.#full(pieces),
      onShardLost: (shard) => this.#full(this.#verdicts.reclaim(shard)),
      onBug: (error) => this.#fail(error),
    });
  }

  /** The state of each piece. Only this file marks one as verified. */
  get pieces(): Pick<Ledger, 'pieceCount' | 'verifiedCount' | 'stateOf' | 'reserved'> {
    return this.#ledger;
  }

  /** The search for known pieces in other files; null: there is none. */
  get reusing(): Pick<Reusing, 'isLooking' | 'isAlone'> | null {
    return this.#reusing;
  }

  /** What was checked on the disk at the start and is checked at the end; null: nothing is kept. */
  get files(): Pick<DownloadFiles, 'rehashed' | 'isFinishing' | 'repairBytes'> | null {
    return this.#files;
  }

  /** Bytes in one write call that are cheapest on this machine so far; 0 if nothing was written. */
  get writeBytes(): number {
    return this.#writeBytes;
  }

  /** Bytes that were fetched and thrown away, without those of the shards. */
  get wastedBytes(): number {
    return this.#verdicts.failedBytes + (this.#webSeeds?.wastedBytes ?? 0);
  }

  get complete(): boolean {
    return this.#ledger.complete;
  }

  /** The pieces that wait for a storage thread or are with one, and how long threads were busy with pieces. */
  get hashing(): Pick<StoredTorrent, 'backlog' | 'busyMs'> {
    return this.#stored;
  }

  get symptoms(): DownloadSymptoms {
    return {
      ...this.#ledger.shortage,
      hasWebSeeds: this.webSeedsMayGive,
      waitingBytes: this.#stored.backlog * this.#options.metainfo.geometry.pieceLength,
      memoryBytes: this.#options.memoryBytes,
    };
  }

  /** Checks what is on disk, prepares the files, and lets the shards request blocks. Throws a `disk` failure. */
  async prepare(): Promise<void> {
    await this.#files?.prepare(this.#stored, this.#count, () => this.#ended);
    await this.#reusing?.run();
    if (!this.#ended) await this.#unfinished?.restore();
    if (this.#ended || this.#share === null) return;
    if (this.complete) return this.#completed();
    this.#content.begin(this.#share);
    if (this.#reusing !== null) this.#news.tell();
    this.#webSeeds = startWebSeeds(this.#options, this.#share, this.#missing, {
      onFull: (pieces) => this.#full(pieces),
      onOwnerGone: (owner) => this.#full(this.#verdicts.reclaim(owner)),
      listener: this.#listener,
    });
  }

  /** A web seed may send something: now, or once the files are ready. */
  get webSeedsMayGive(): boolean {
    return this.#webSeeds?.hopeful ?? (this.#options.webSeeds.urls.length > 0 && !this.#ended);
  }

  get webSeeds(): WebSeeds | null {
    return this.#webSeeds;
  }

  /** The incomplete files at the end of a run that failed. `isFinal`: no source has the missing data; else none if all are incomplete. */
  get lacking(): { readonly files: readonly UnavailableFile[]; readonly isFinal: boolean } {
    const { unavailable, missing } = this.#ledger.shortage;
    const isFinal = this.#webSeeds?.fruitless === true && unavailable >= missing && this.bytes.verified > 0;
    return {
      isFinal,
      files: isFinal ? this.#missing.files(this.#ledger) : this.#missing.unfinished(this.#ledger),
    };
  }

  /** Stops the race. The storage threads finish their pieces and forget the torrent. Blocks of unfinished pieces are kept for the next run. Streams that miss data fail with `reason`. */
  async stop(reason?: Failure): Promise<void> {
    this.#resting ??= this.#rest(reason);
    await Promise.all([this.#options.race.stop(), this.#resting]);
    await this.#unfinished?.keep();
  }

  /** It is complete: nothing more is requested. Peers still get its files, until `stop`. Call it after `prepare`. */
  async seed(): Promise<void> {
    // Peers have not heard of the last pieces.
    this.#news.tellNow();
    this.#content.seed();
    this.#resting ??= this.#rest();
    await this.#resting;
    this.#share = null;
    this.#verdicts.forget();
  }

  async #rest(reason?: Failure): Promise<void> {
    this.#ended = true;
    this.#news.end();
    this.readers.end(reason);
    this.#verdicts.stop();
    this.#unhashed?.stop();
    await this.#webSeeds?.stop();
    this.#unsubscribe();
    await this.#stored.idle();
    await this.#files?.close(await this.#stored.close());
  }

  readonly #count = (piece: PieceIndex, origin: PieceOrigin): void => {
    if (!this.#ledger.isWanted(piece)) return;
    this.#ledger.verify(piece);
    this.bytes.add(piece, origin);
    this.readers.verified(piece);
  };

  #taken(taken: Taken): void {
    const pieces = taken.found.map(({ piece }) => piece);
    this.#verified(pieces, taken, 'reused');
    if (this.complete) return this.#completed();
    if (this.#content.isBegun) this.#news.tell();
  }

  /** These pieces are right and written, but for the part of some in files that are not ours. */
  #verified(pieces: readonly PieceIndex[], written: Written, origin: PieceOrigin): void {
    const others = new Set(written.withheld.map(({ piece }) => piece));
    this.#files?.learn(written);
    for (const piece of pieces) {
      this.#count(piece, origin);
      if (!others.has(piece)) this.#files?.note(piece);
    }
    // At their start, the shards see in the ledger what was verified before.
    this.#news.add(this.#content.isBegun ? pieces : [], others);
    if (pieces.length === 0) return;
    this.#writeBytes = written.writeBytes;
    this.#listener.onVerified(pieces);
  }

  #full(told: readonly FullPiece[]): void {
    (this.#unhashed ?? this.#stored).store(this.#verdicts.take(told));
  }

  #judge(told: StorageResult): void {
    if (told.type !== 'stored') return;
    const result = this.#unhashed?.judged(told) ?? told;
    const good = result.good.map(({ piece }) => piece);
    this.#verified(good, result, 'downloaded');
    this.bytes.foundInPieces(this.#unfinished?.bytesOf(result.good) ?? 0);
    this.#verdicts.judge(result);
    for (const { piece } of result.bad) this.#listener.onPieceFailed(piece);
    if (result.isSplit) return this.#fail(splitHybrid(this.#options.metainfo));
    if (result.fault !== null) return this.#fail(diskFailure(result.fault.code, result.fault.path));
    if (this.complete) return this.#completed();
    this.#news.tell();
  }

  #convict(sender: Sender, piece: PieceIndex): void {
    const culprit = senderOf(sender);
    if ('peer' in culprit) this.#options.race.convict(culprit.peer);
    else if ('webSeed' in culprit) this.#webSeeds?.convict(culprit.webSeed, piece);
  }

  /** Every piece is verified and written. The files must still be what was written. */
  #completed(): void {
    const done = (): void => this.#end(() => this.#listener.onComplete());
    if (this.#files === null) return done();
    const isOver = (): boolean => this.#ended;
    this.#files.finish(isOver, done, (error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.readers.end(error);
    this.#end(() => this.#listener.onFailure(error));
  }

  #end(tell: () => void): void {
    if (this.#ended) return;
    this.#reusing?.done();
    this.#ended = true;
    this.#news.end();
    tell();
  }
}
