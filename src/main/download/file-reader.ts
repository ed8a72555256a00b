/** Reads the files of a torrent while it downloads: finds the file and the bytes, and keeps what all readers share. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { SYSTEM_FILES } from '../../shared/file-system.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import type { Ledger } from '../../shared/ledger.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import { Failure } from '../failure.ts';
import type { DownloadFiles } from '../storage/download-files.ts';
import type { StoragePlan } from '../storage/storage-plan.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import { FileStream } from './file-stream.ts';
import { PieceWaits } from './piece-waits.ts';
import { RaisedPieces } from './raised-pieces.ts';

/** As in `fs.createReadStream`: the first and the last byte, both included. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** A file of a torrent that may be read before the download is complete. */
export class FileReader {
  readonly length: number;
  readonly #open: (start: number, end: number) => FileStream;

  constructor(length: number, open: (start: number, end: number) => FileStream) {
    this.length = length;
    this.#open = open;
  }

  /**
   * The bytes of the range, as soon as they are verified. While the stream is open, the pieces ahead of it are requested before
   * all others. To seek, destroy it and open another one. Throws a `usage` failure for an invalid range.
   */
  stream({ start = 0, end = this.length - 1 }: ByteRange = {}): Readable {
    const isRange =
      Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end + 1;
    if (!isRange || start > this.length)
      throw new Failure(
        'usage',
        `bytes ${start} to ${end} are not a range in a file of ${this.length} bytes`,
      );
    return this.#open(start, Math.min(end + 1, this.length));
  }

  /** The same as a web stream. */
  webStream(range: ByteRange = {}): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.stream(range)) as ReadableStream<Uint8Array>;
  }
}

type ReadMetainfo = Pick<Metainfo, 'name' | 'files' | 'geometry'>;

export class FileReaders {
  readonly #metainfo: ReadMetainfo;
  readonly #plan: StoragePlan;
  readonly #files: DownloadFiles | null;
  readonly #ledger: Ledger;
  readonly #waits: PieceWaits;
  readonly #raised: RaisedPieces;
  readonly #streams = new Set<FileStream>();
  #ended: Failure | null = null;

  /** `files`: null if nothing is kept. */
  constructor(metainfo: ReadMetainfo, plan: StoragePlan, files: DownloadFiles | null, ledger: Ledger) {
    this.#metainfo = metainfo;
    this.#plan = plan;
    this.#files = files;
    this.#ledger = ledger;
    this.#waits = new PieceWaits(ledger);
    this.#raised = new RaisedPieces(ledger);
  }

  /** `path`: below the torrent's folder, with slashes; for a single-file torrent its name. Throws a `usage` failure if it is not there. */
  file(path: string): FileReader {
    const { files: all, geometry } = this.#metainfo;
    const named = all.find((file) => !file.padding && pathOf(file.path) === path);
    const index = this.#plan.files.findIndex(
      ({ offset, length }) => offset === named?.offset && length === named.length,
    );
    const file = this.#plan.files[index];
    if (named === undefined || named.link !== null)
      throw new Failure('usage', `${path}: no such file in ${this.#metainfo.name}`);
    if (file === undefined)
      throw new Failure('usage', `${path}: this file is not downloaded, so it cannot be read`);
    return new FileReader(file.length, (start, end) => {
      const open = (): number => this.#open(index, file);
      const assertWritten = (): void => this.#files?.assertWritten(index);
      const [waits, raised] = [this.#waits, this.#raised];
      const system = this.#files?.system ?? SYSTEM_FILES;
      const source = { system, file, geometry, waits, raised, open, assertWritten };
      return this.#begun(new FileStream(source, start, end));
    });
  }

  /** Somebody reads and waits for data. */
  get areReading(): boolean {
    return this.#streams.size > 0;
  }

  /** The piece is verified, and its bytes are on disk. */
  verified(piece: PieceIndex): void {
    this.#waits.verified(piece);
  }

  /**
   * No more pieces will come, and the folder is closed. Open streams can still read verified pieces. `reason`: why the
   * download failed, if it did.
   */
  end(reason: unknown = this.#ending): void {
    if (this.#ended !== null) return;
    const failure =
      reason instanceof Failure
        ? reason
        : new Failure('bug', reason instanceof Error ? reason.message : String(reason), { cause: reason });
    for (const stream of this.#streams) stream.downloadEnded(failure);
    this.#ended = failure;
  }

  /** A reader may be kept for longer than its download. */
  get #ending(): Failure {
    const text = this.#ledger.complete
      ? 'the download is complete and closed: read the file itself'
      : 'the download ended before all of this was verified';
    return new Failure('interrupted', text);
  }

  #begun(stream: FileStream): FileStream {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    if (this.#ended !== null) stream.destroy(this.#ended);
    return stream;
  }

  #open(index: number, file: StoredFile): number {
    if (this.#ended !== null) throw this.#ended;
    if (this.#files === null) throw new Failure('usage', `${file.path}: this download keeps no files`);
    return this.#files.openToRead(index);
  }
}

function pathOf(path: readonly string[]): string {
  return (path.length > 1 ? path.slice(1) : path).join('/');
}
