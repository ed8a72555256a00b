/**
 * Takes what is known from files in other folders (`--reuse`), an older version or another torrent with the same content: first
 * from files with the right size or name, then, by hash, from any file. Storage threads read, hash and write. What they read
 * counts only after its hash was right, so a source that changes meanwhile does no harm.
 */
import { dataOfPiece, lengthOfPiece, piecesOf } from '../../../shared/geometry.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import { CHECK_TASK_BYTES, REUSE_BATCH_BYTES } from '../../../shared/limits.ts';
import type {
  SoughtPiece,
  SourceStretch,
  StorageResult,
  StorageTask,
} from '../../../shared/storage-messages.ts';
import type { MainWorld } from '../../main-world.ts';
import type { StoredTorrent } from '../../pools/stored-torrent.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { splitHybrid } from '../../torrent/version2.ts';
import type { StoragePlan } from '../storage-plan.ts';
import { zeroPieces } from '../zero-pieces.ts';
import { partInside, waysOf } from './piece-ways.ts';
import { SampledSources } from './sampled-sources.ts';
import { SoughtHashes } from './sought-hashes.ts';
import { ownFiles, type SourceFile, sourceFiles } from './source-walk.ts';

export type Taken = Extract<StorageResult, { type: 'taken' }>;

/** The download that pieces are taken for. */
export interface ReuseTarget {
  /** It is wanted, and nobody has it or fetches it. */
  isMissing(piece: PieceIndex): boolean;
  /** True: from now on nobody else fetches it. */
  claim(piece: PieceIndex): boolean;
  release(piece: PieceIndex): void;
  /** These pieces were right and are written. */
  onTaken(taken: Taken): void;
  /** Bytes looked at, and their total. */
  onLooked(bytes: number, totalBytes: number): void;
  isOver(): boolean;
}

export interface ReuseOptions {
  /** Absolute. */
  readonly folders: readonly string[];
  readonly metainfo: Metainfo;
  readonly plan: StoragePlan;
  readonly world: MainWorld;
}

/** Pieces that are put into the map of hashes in one turn of the event loop. */
const PIECES_PER_TURN = 8_192;
/** Stretches of small files in one task. */
const STRETCHES_PER_TASK = 64;

export class Reuse {
  readonly #options: ReuseOptions;
  #sources: readonly SourceFile[] = [];
  #sampled: SampledSources | null = null;
  /** By path: 1 for each piece of the file that was right at its place. */
  readonly #known = new Map<string, Uint8Array>();
  /** The files of the torrent that have bytes, by their offset. */
  readonly #indexAt: ReadonlyMap<number, number>;
  #isCut = false;
  /** So far. */
  #lookedBytes = 0;

  constructor(options: ReuseOptions) {
    this.#options = options;
    const { files } = options.metainfo;
    this.#indexAt = new Map(
      files.flatMap(({ offset, length, padding }, i) => (padding || length === 0 ? [] : [[offset, i]])),
    );
  }

  get folders(): readonly string[] {
    return this.#options.folders;
  }

  /** The folders have more files than the limits allow. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /**
   * Lists the files and hashes samples of those that are likely. `looks`: of the files of the download that exist. Rejects with a
   * `disk` failure if a folder cannot be read.
   */
  async look(
    stored: StoredTorrent,
    looks: readonly ({ readonly inode: string; readonly born: string } | null)[],
    isMissing: (piece: PieceIndex) => boolean,
    isCancelled: () => boolean,
    onLooked: ReuseTarget['onLooked'],
  ): Promise<void> {
    const { folders, metainfo, plan, world } = this.#options;
    const isOurs = ownFiles(plan, looks, world.files);
    const { files, isCut } = await sourceFiles(folders, world.files, isOurs, isCancelled);
    this.#sources = files;
    this.#isCut = isCut;
    const sampled = new SampledSources(metainfo, files, isMissing, zeroPieces(metainfo));
    this.#sampled = sampled;
    const total = sampled.sampleBytes;
    await stored.work(
      sampled.tasks(),
      (result) => {
        if (result.type !== 'taken') return;
        this.#note(result, sampled);
        this.#markAll(result);
        this.#lookedBytes += this.#bytesOf(result);
        onLooked(this.#lookedBytes, total);
      },
      this.#mostAtWork,
    );
    this.#lookedBytes = total;
  }

  /** The file that has just the size of a file of the plan, and some right pieces; null if none has. */
  twinOf(file: number): SourceFile | null {
    const { offset, length } = this.#options.plan.files[file] ?? { offset: 0, length: 0 };
    const index = length === 0 ? undefined : this.#indexAt.get(offset);
    return index === undefined ? null : (this.#sampled?.twinOf(index) ?? null);
  }

  /** A file of the plan is a clone of this one, so there is nothing more to take from it. `isGood`: a piece was right in the clone. */
  cloned(file: number, source: SourceFile, isGood: (piece: PieceIndex) => boolean): void {
    const { metainfo, plan } = this.#options;
    const { first, end } = piecesOf(metainfo.geometry, plan.files[file] ?? { offset: 0, length: 0 });
    for (let piece = first; piece < end; piece++) if (isGood(piece)) this.#mark(piece, source.path);
  }

  /** From the same place in files of the right size or name. Rejects with a `disk` failure of the download's own files. */
  async take(stored: StoredTorrent, target: ReuseTarget): Promise<void> {
    const { metainfo } = this.#options;
    const sampled = this.#sampled;
    if (sampled === null || target.isOver()) return;
    const g = metainfo.geometry;
    const isSought = new Uint8Array(g.pieceCount);
    for (const file of sampled.files) {
      if (sampled.of(file).length === 0) continue;
      const { first, end } = piecesOf(g, metainfo.files[file] ?? { offset: 0, length: 0 });
      for (let piece = first; piece < end; piece++) if (target.isMissing(piece)) isSought[piece] = 1;
    }
    const pieces = [...isSought.keys()].filter((piece) => isSought[piece] === 1) as PieceIndex[];
    const total = this.#lookedBytes + pieces.reduce((sum, piece) => sum + dataOfPiece(g, piece), 0);
    const sought = function* (): Generator<SoughtPiece> {
      for (const piece of pieces) {
        const ways = waysOf(metainfo, piece, (file) => sampled.of(file));
        if (ways.length > 0) yield { piece, ways };
      }
    };
    await this.#take(stored, target, sampled, sought(), (taken) => {
      this.#markAll(taken);
      this.#lookedBytes += this.#bytesOf(taken);
      target.onLooked(this.#lookedBytes, total);
    });
    this.#lookedBytes = total;
  }

  /** Pieces that are still missing, from any file, by their hashes. Rejects as `take` does. */
  async recognize(stored: StoredTorrent, target: ReuseTarget): Promise<void> {
    const { metainfo } = this.#options;
    const sampled = this.#sampled;
    if (sampled === null || this.#sources.length === 0 || target.isOver()) return;
    const hashes = await this.#soughtHashes(target);
    if (hashes.isEmpty || target.isOver()) return;
    const g = metainfo.geometry;
    const stretches = this.#stretches(hashes, sampled);
    const total = stretches.reduce((sum, { length }) => sum + length, this.#lookedBytes);
    const isSought = (): boolean => !target.isOver() && hashes.isAny((piece) => target.isMissing(piece));
    for (let at = 0; at < stretches.length && isSought(); ) {
      const batch: SourceStretch[] = [];
      for (let bytes = 0; at < stretches.length && bytes < REUSE_BATCH_BYTES; at++) {
        const stretch = stretches[at] as SourceStretch;
        batch.push(stretch);
        bytes += stretch.length;
      }
      const sought = new Map<PieceIndex, SoughtPiece>();
      await stored.work(digestTasks(batch, hashes.isPadded), (result) => {
        if (result.type !== 'source-digested') return;
        this.#lookedBytes += result.bytes;
        target.onLooked(this.#lookedBytes, total);
        for (const chunk of result.chunks)
          for (const piece of hashes.of(chunk)) {
            const { path, at: place, length } = chunk;
            if (!sought.has(piece) && target.isMissing(piece))
              sought.set(piece, { piece, ways: [[{ from: 0, length, path, at: place }]] });
          }
      });
      const found = [...sought.values()].sort((one, other) => one.piece - other.piece);
      if (found.length > 0 && !target.isOver())
        await this.#take(stored, target, sampled, found.values(), () => {});
    }

    function* digestTasks(batch: readonly SourceStretch[], isPadded: boolean): Generator<StorageTask> {
      let [task, bytes]: [SourceStretch[], number] = [[], 0];
      for (const stretch of batch) {
        if (target.isOver()) return;
        task.push(stretch);
        bytes += stretch.length;
        if (bytes < Math.max(CHECK_TASK_BYTES, g.pieceLength) && task.length < STRETCHES_PER_TASK) continue;
        yield { type: 'digest-source', stretches: task, isPadded };
        [task, bytes] = [[], 0];
      }
      if (task.length > 0) yield { type: 'digest-source', stretches: task, isPadded };
    }
  }

  /** Several threads may each need memory for a piece. */
  get #mostAtWork(): number | undefined {
    return this.#options.metainfo.geometry.pieceLength > CHECK_TASK_BYTES ? 1 : undefined;
  }

  async #take(
    stored: StoredTorrent,
    target: ReuseTarget,
    sampled: SampledSources,
    sought: Iterable<SoughtPiece>,
    onTaken: (taken: Taken) => void,
  ): Promise<void> {
    const g = this.#options.metainfo.geometry;
    const claimed = new Set<PieceIndex>();
    const tasks = function* (): Generator<StorageTask> {
      let [pieces, bytes]: [SoughtPiece[], number] = [[], 0];
      for (const one of sought) {
        if (target.isOver()) return;
        if (!target.claim(one.piece)) continue;
        claimed.add(one.piece);
        pieces.push(one);
        bytes += lengthOfPiece(g, one.piece);
        if (bytes < CHECK_TASK_BYTES) continue;
        yield { type: 'take', pieces, keep: true };
        [pieces, bytes] = [[], 0];
      }
      if (pieces.length > 0) yield { type: 'take', pieces, keep: true };
    };
    try {
      await stored.work(
        tasks(),
        (result) => {
          if (result.type !== 'taken') return;
          this.#note(result, sampled);
          for (const { piece } of result.found) claimed.delete(piece);
          for (const piece of result.missed) {
            claimed.delete(piece);
            target.release(piece);
          }
          onTaken(result);
          target.onTaken(result);
        },
        this.#mostAtWork,
      );
    } finally {
      for (const piece of claimed) target.release(piece);
    }
  }

  #note({ found, isSplit }: Taken, sampled: SampledSources): void {
    if (isSplit) throw splitHybrid(this.#options.metainfo);
    for (const { piece, paths } of found) for (const path of paths) sampled.hit(piece, path);
  }

  #bytesOf({ found, missed }: Taken): number {
    const pieces = [...found.map(({ piece }) => piece), ...missed];
    return pieces.reduce((sum, piece) => sum + dataOfPiece(this.#options.metainfo.geometry, piece), 0);
  }

  #markAll({ found }: Taken): void {
    for (const { piece, paths } of found) for (const path of paths) this.#mark(piece, path);
  }

  /** It was right at its place in this file, if it lies in one file. */
  #mark(piece: PieceIndex, path: string): void {
    const { metainfo } = this.#options;
    const { pieceLength } = metainfo.geometry;
    const part = partInside(metainfo, piece);
    if (part === null || part.at % pieceLength !== 0) return;
    const size = metainfo.files[part.file]?.length ?? 0;
    const known = this.#known.get(path) ?? new Uint8Array(Math.ceil(size / pieceLength));
    this.#known.set(path, known);
    known[part.at / pieceLength] = 1;
  }

  /** In slices: there may be two million pieces. */
  async #soughtHashes(target: ReuseTarget): Promise<SoughtHashes> {
    const { metainfo, world } = this.#options;
    const hashes = new SoughtHashes(metainfo);
    let turn = 0;
    for (const piece of SoughtHashes.candidates(metainfo)) {
      if (target.isMissing(piece)) hashes.add(piece);
      turn += 1;
      if (turn % PIECES_PER_TURN === 0) await new Promise<void>((resolve) => world.soon(resolve));
    }
    return hashes;
  }

  /** Files that had something first. */
  #stretches(hashes: SoughtHashes, sampled: SampledSources): SourceStretch[] {
    const isHit = ({ path }: SourceFile): boolean => sampled.isHit(path);
    const sources = [...this.#sources.filter(isHit), ...this.#sources.filter((one) => !isHit(one))];
    return sources.flatMap((source) => {
      const known = this.#known.get(source.path);
      return [...hashes.stretchesOf(source, (chunk) => known?.[chunk] === 1)];
    });
  }
}
