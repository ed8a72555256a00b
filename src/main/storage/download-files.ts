/** The files of a download and their journal, from the first check to the end. */
import { constants } from 'node:fs';
import type { FileSystem } from '../../shared/file-system.ts';
import { elementsBelow, FolderWalk } from '../../shared/folder.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import { STANDING, Standings } from '../../shared/standing.ts';
import type { DiskFault, StoredTorrentSetup } from '../../shared/storage-messages.ts';
import { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { BlockFile } from './block-file.ts';
import { checkDisk } from './disk-check.ts';
import type { DownloadFilesOptions, FilesListener } from './download-files-options.ts';
import { EdgePieces } from './edge-pieces.ts';
import { EdgeRecord } from './edge-record.ts';
import { type FileDecision, inTheWay } from './file-decision.ts';
import { FileMaker } from './file-maker.ts';
import { HashRecord } from './hash-record.ts';
import { JournalKeeper } from './journal-keeper.ts';
import { keptPieces } from './kept-pieces.ts';
import { blocksName } from './names/name-beside.ts';
import { makeLinks } from './names/torrent-links.ts';
import type { OutputPlace } from './output-place.ts';
import { giveFinalNames } from './part-files.ts';
import { ClonedFiles } from './reuse/cloned-files.ts';
import type { Taken } from './reuse/reuse.ts';
import { survey } from './survey.ts';
import { unreportedPieces } from './unreported-pieces.ts';
import { WholeCheck } from './whole-check.ts';

interface Setup extends DownloadFilesOptions {
  readonly ledger: Pick<Ledger, 'pieceCount' | 'stateOf' | 'ownerOf'>;
}

/** Good pieces at their place, and good pieces in a clone of another file that was made now. */
type FoundPiece = 'found' | 'reused';

export class DownloadFiles {
  readonly #place: OutputPlace;
  readonly #metainfo: Metainfo;
  readonly #options: Setup;
  readonly #listener: FilesListener;
  readonly #standings: Standings;
  readonly #maker: FileMaker;
  readonly #journal: JournalKeeper;
  readonly #edges: EdgeRecord;
  readonly #hashes: HashRecord | null;
  /** Of a whole file whose hash the user gave, once all its pieces are there. */
  #check: WholeCheck | null = null;
  /** True: the files have their final names. False: it was given up. */
  #finishing: Promise<boolean> | null = null;
  /** Guarded files that do not belong to the torrent. */
  readonly #strangers = new Set<number>();
  #rehashed = 0;
  /** The files have their final names. */
  #isNamed = false;
  #stored: StoredTorrent | null = null;
  #prepared = false;
  #preparing: Promise<void> = Promise.resolve();

  constructor(place: OutputPlace, metainfo: Metainfo, options: Setup, listener: FilesListener) {
    this.#place = place;
    this.#metainfo = metainfo;
    this.#options = options;
    this.#listener = listener;
    this.#standings = Standings.of(place.plan.files.length);
    this.#maker = new FileMaker(place, this.#standings);
    this.#edges = new EdgeRecord(metainfo.infoHash, place.plan.root, place.world.files);
    this.#hashes = HashRecord.of(metainfo, place.world.files);
    this.#journal = new JournalKeeper({
      ...{ place, metainfo, standings: this.#standings, key: options.key },
      onTrouble: (message) => listener.onJournalTrouble(message),
      // Without them, a journal cannot be believed what it claims at an edge.
      beforeClaims: async () => {
        await this.#edges.save();
        await this.#hashes?.save();
      },
      unreported: () => unreportedPieces(options.ledger),
    });
  }

  /** Null: nothing is kept. */
  static of(
    options: (DownloadFilesOptions & { readonly place: OutputPlace }) | null,
    metainfo: Metainfo,
    ledger: Setup['ledger'],
    listener: FilesListener,
  ): DownloadFiles | null {
    return options === null
      ? null
      : new DownloadFiles(options.place, metainfo, { ...options, ledger }, listener);
  }

  /** What the storage threads need to reach the files. */
  get forThreads(): NonNullable<StoredTorrentSetup['place']> {
    const { root, plan } = this.#place;
    const { path, descriptor } = root;
    return { root: { path, descriptor }, base: plan.folder, standings: this.#standings.memory };
  }

  /** The place of the blocks of unfinished pieces between two runs. Null: hashes are made of what comes, so it must come from one source. */
  get blockFile(): BlockFile | null {
    const { infoHash, geometry, plainFile } = this.#metainfo;
    if (plainFile !== null) return null;
    const { root, plan } = this.#place;
    const place = { root, assertOurs: () => this.#place.assertOurs() };
    return new BlockFile(place, blocksName(plan.root), infoHash, geometry);
  }

  /** The file system that they are on. */
  get system(): FileSystem {
    return this.#place.root.files;
  }

  /** Pieces that were hashed again at the start, because no journal claimed them. */
  get rehashed(): number {
    return this.#rehashed;
  }

  /**
   * Checks existing files and only then prepares the files. `onGood` gets each good piece. Rejects with a `disk` failure, and
   * has then changed nothing if something is in the way.
   */
  prepare(
    stored: StoredTorrent,
    onGood: (piece: PieceIndex, origin: FoundPiece) => void,
    isCancelled: () => boolean,
  ): Promise<void> {
    this.#stored = stored;
    this.#preparing = this.#prepare(stored, onGood, isCancelled);
    return this.#preparing;
  }

  async #prepare(
    stored: StoredTorrent,
    onGood: (piece: PieceIndex, origin: FoundPiece) => void,
    isCancelled: () => boolean,
  ): Promise<void> {
    const seen = survey(this.#place);
    for (const [file, look] of seen.looks.entries())
      if (look !== null) this.#standings.identify(file, BigInt(look.inode), BigInt(look.born));
    const { key, overwrite, preallocate, reuse } = this.#options;
    const onChecked = (pieces: number, total: number): void => this.#listener.onChecked(pieces, total);
    const edges = new EdgePieces(this.#metainfo, this.#place.plan, this.#edges);
    const checked = { place: this.#place, metainfo: this.#metainfo, key, edges, overwrite, onChecked };
    const { decisions, good, trusted, rehashed, doubted } = await checkDisk(stored, seen, checked);
    this.#rehashed = rehashed;
    const { wanted } = this.#place.plan;
    const isMissing = (piece: PieceIndex): boolean => wanted[piece] === 1 && good[piece] !== 1;
    const isWhole = wanted.every((_, piece) => !isMissing(piece as PieceIndex));
    const clones = new ClonedFiles(this.#place, this.#metainfo.geometry, edges, this.#standings);
    if (!isWhole && reuse !== null) {
      const onLooked = (bytes: number, total: number): void => this.#listener.onReuseLooked(bytes, total);
      await reuse.look(stored, seen.looks, isMissing, isCancelled, onLooked);
      // A clone reserves no space.
      if (!preallocate) await clones.make(decisions, reuse, isCancelled);
    }
    if (isCancelled() && clones.isEmpty) return;
    // What was cloned is ours, so the journal must say so even if the run ends here.
    await this.#make(stored, clones.decided(decisions));
    this.#prepared = true;
    const found = [...good.keys()].filter(
      (piece) => good[piece] === 1 && wanted[piece] === 1,
    ) as PieceIndex[];
    if (!isWhole) {
      const claimed = new Set(trusted);
      const isOurs = (file: number): boolean => this.#standings.get(file) !== STANDING.guarded;
      const isAll = clones.isEmpty && found.every((piece) => claimed.has(piece));
      await this.#journal.begin(isOurs, trusted, isAll, doubted);
    }
    // None of these is noted before all are known: the journal would call the others absent.
    const cloned = reuse === null ? [] : await clones.check(stored, reuse, isMissing, onChecked);
    const known = isCancelled() ? found : [...found, ...cloned];
    for (const piece of known) {
      onGood(piece, good[piece] === 1 ? 'found' : 'reused');
      if (!isWhole) this.#journal.note(piece);
    }
    if (preallocate && !isWhole && !isCancelled())
      await this.#maker.allocate(known, this.#metainfo.geometry, isCancelled);
  }

  async #make(stored: StoredTorrent, decisions: readonly FileDecision[]): Promise<void> {
    if (decisions.some(({ action }) => action === 'replace')) await stored.closeFiles();
    this.#maker.make(decisions);
  }

  /** The piece is verified and written. */
  note(piece: PieceIndex): void {
    this.#journal.note(piece);
  }

  /** All pieces are there. The whole file is checked or repaired, or the disk is waited for. */
  get isFinishing(): boolean {
    return this.#finishing !== null;
  }

  /** Bytes that were fetched to repair it. */
  get repairBytes(): number {
    return this.#options.parts?.bytes ?? 0;
  }

  /** The descriptor of a file, to be closed by the caller. Throws a `disk` failure. */
  openToRead(file: number): number {
    return this.#open(file, constants.O_RDONLY);
  }

  #open(file: number, flags: number): number {
    const elements = elementsBelow(this.#place.plan.folder, this.#pathOf(file));
    const name = elements.pop() ?? '';
    const walk = new FolderWalk(this.#place.root);
    try {
      return this.#standings.checked(file, walk.reach(elements).openFile(name, flags), this.system);
    } catch (error) {
      throw diskFailure((error as NodeJS.ErrnoException).code ?? String(error), this.#pathOf(file), error);
    } finally {
      walk.close();
    }
  }

  /** Throws a `disk` failure if a good piece was not written to the file because the file is foreign. */
  assertWritten(file: number): void {
    if (!this.#strangers.has(file)) return;
    throw new Failure('disk', `${this.#pathOf(file)}: its content differs from the torrent`);
  }

  /** What storage threads saw as they wrote good pieces. */
  learn({ withheld, edges }: Pick<Taken, 'withheld' | 'edges'>): void {
    this.#edges.add(edges);
    // These files differ from a good piece: they are not written, and the download cannot be complete.
    for (const { files } of withheld) {
      for (const file of files) this.#strangers.add(file);
      this.#journal.disown(files);
    }
  }

  /**
   * Every piece is there: gives the files their final names, after the hash of the whole file was checked if the user gave one. Calls
   * neither if the run is over meanwhile, or if it was called before.
   */
  finish(isOver: () => boolean, done: () => void, fail: (error: unknown) => void): void {
    if (this.#finishing !== null) return;
    this.#finishing = this.#prove(isOver);
    this.#finishing.then((isFinished) => isFinished && done(), fail);
  }

  async #prove(isOver: () => boolean): Promise<boolean> {
    const { plainFile, geometry } = this.#metainfo;
    if (plainFile !== null && plainFile.sha256 !== null) {
      this.#check = new WholeCheck({
        ...{ sha256: plainFile.sha256, hashes: plainFile.hashes, geometry, path: this.#pathOf(0) },
        ...{ record: this.#hashes, files: this.system, parts: this.#options.parts ?? null },
        open: (flags) => this.#open(0, flags),
        isOver,
        onNews: (text) => this.#listener.onRepair(text),
      });
      if (!(await this.#check.run())) return false;
    }
    // Both may tell that what was written is lost.
    const fault = await this.#stored?.closeFiles();
    if (fault != null) this.#journal.lose(fault);
    await this.#journal.settled;
    if (isOver()) return false;
    this.#finish();
    return true;
  }

  /** Gives the files their final names and makes the links. Throws a `disk` failure if a file was changed since it was written, or was not written. */
  #finish(): void {
    const { files, finalPaths, folder, links } = this.#place.plan;
    const paths = [...this.#strangers].map((file) => files[file]?.path ?? '');
    const lines = new Map(paths.map((path) => [path, 'its content differs from the torrent']));
    if (lines.size > 0) throw inTheWay(lines, 'after', true);
    this.#maker.assertStored();
    const { lost } = this.#journal;
    if (lost !== null) throw lost;
    const place = { base: folder, root: this.#place.root };
    giveFinalNames(place, files, finalPaths);
    this.#isNamed = true;
    makeLinks(place, links);
  }

  #pathOf(file: number): string {
    const { files, finalPaths } = this.#place.plan;
    return (this.#isNamed ? finalPaths.get(file) : undefined) ?? files[file]?.path ?? '';
  }

  /** Call it when nothing is written any more. `fault`: of a file that could not be written, told when it was closed. Never rejects. */
  async close(fault: DiskFault | null = null): Promise<void> {
    if (fault !== null) this.#journal.lose(fault);
    await this.#preparing.catch(() => {});
    const isFinished = await this.#finishing?.catch(() => false);
    await this.#journal.settled;
    // Of a file that is wrong as a whole nothing is claimed.
    const kept = this.#check?.kept ?? 'all';
    const isDone = isFinished === true && this.#journal.lost === null;
    if (this.#prepared && kept === 'all') await (isDone ? this.#journal.finish() : this.#journal.flush());
    await this.#hashes?.close(kept);
    const { plan } = this.#place;
    await this.#edges.close(isDone && keptPieces(plan, this.#metainfo.geometry) === null);
    this.#journal.close();
  }
}
