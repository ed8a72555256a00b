/**
 * The bytes of one file while the torrent downloads. It waits until the piece at its position is verified, and reads it from
 * disk. The pieces ahead of it are requested before all others. It reads as fast as the consumer takes the bytes.
 */
import { Readable } from 'node:stream';
import type { FileSystem } from '../../shared/file-system.ts';
import { type Geometry, offsetOfPiece, pieceAt } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { READER_CHUNK_BYTES, READER_WINDOW_BYTES, READER_WINDOW_PIECES } from '../../shared/limits.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import type { Failure } from '../failure.ts';
import { diskFailure } from '../files/disk-failure.ts';
import type { PieceWaits } from './piece-waits.ts';
import { type RaisedPieces, ReadingWindow } from './raised-pieces.ts';

/** What a stream needs from the download. */
export interface FileSource {
  readonly system: FileSystem;
  readonly file: StoredFile;
  readonly geometry: Geometry;
  readonly waits: PieceWaits;
  readonly raised: RaisedPieces;
  /** Throws a Failure if the file cannot be read, or is not the file that was verified. */
  open(): number;
  /** Throws a Failure if verified bytes were not written to the file because the file is foreign. */
  assertWritten(): void;
}

export class FileStream extends Readable {
  readonly #source: FileSource;
  readonly #end: number;
  readonly #window: ReadingWindow;
  /** The next byte of the file. */
  #at: number;
  #descriptor: number | null = null;
  #isReading = false;
  #endWait: () => void = () => {};
  /** The stream was destroyed during a read: the file is closed after the read. */
  #afterRead: (() => void) | null = null;

  /** Bytes `[start, end)` of the file. */
  constructor(source: FileSource, start: number, end: number) {
    super({ highWaterMark: READER_CHUNK_BYTES });
    this.#source = source;
    this.#at = start;
    this.#end = end;
    this.#window = new ReadingWindow(source.raised);
    this.#moveWindow();
  }

  /**
   * No more pieces will come, and the folder is closed. If all bytes that are left to read are verified, the stream goes on with
   * its open file; else it fails.
   */
  downloadEnded(failure: Failure): void {
    if (this.destroyed) return;
    if (!this.#isAllVerified) this.destroy(failure);
    else if (this.#at < this.#end) this.#attempt(() => this.#opened());
  }

  override _read(): void {
    if (this.#at >= this.#end) this.push(null);
    else this.#endWait = this.#source.waits.wait(this.#pieceAt(this.#at), () => this.#readOn());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#window.close();
    this.#endWait();
    const closed = (): void => {
      if (this.#descriptor !== null) this.#source.system.close(this.#descriptor);
      callback(error);
    };
    if (this.#isReading) this.#afterRead = closed;
    else closed();
  }

  #readOn(): void {
    this.#attempt(() => {
      this.#source.assertWritten();
      const descriptor = this.#opened();
      const bytes = Buffer.allocUnsafe(this.#verifiedBytes());
      this.#isReading = true;
      this.#source.system.slow.read(descriptor, bytes, this.#at).then(
        (count) => this.#came(bytes.subarray(0, count), null),
        (error: NodeJS.ErrnoException) => this.#came(null, error),
      );
    });
  }

  #came(bytes: Buffer | null, error: NodeJS.ErrnoException | null): void {
    this.#isReading = false;
    if (this.#afterRead !== null) this.#afterRead();
    else if (bytes === null || bytes.length === 0) this.destroy(this.#fault(error));
    else this.#give(bytes);
  }

  #give(bytes: Buffer): void {
    this.#at += bytes.length;
    this.#moveWindow();
    this.push(bytes);
  }

  #opened(): number {
    this.#descriptor ??= this.#source.open();
    return this.#descriptor;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #fault(error: NodeJS.ErrnoException | null): Failure {
    return diskFailure(error?.code ?? 'CHANGED', this.#source.file.path, error ?? undefined);
  }

  /** How many bytes from the position on can be read now: only those of verified pieces. */
  #verifiedBytes(): number {
    const { file, geometry, waits } = this.#source;
    const most = Math.min(this.#at + READER_CHUNK_BYTES, this.#end);
    let end = this.#at;
    for (let piece = this.#pieceAt(end); end < most && waits.isVerified(piece); piece++)
      end = offsetOfPiece(geometry, piece + 1) - file.offset;
    return Math.min(end, most) - this.#at;
  }

  get #isAllVerified(): boolean {
    if (this.#at >= this.#end) return true;
    const last = this.#pieceAt(this.#end - 1);
    for (let piece = this.#pieceAt(this.#at); piece <= last; piece++)
      if (!this.#source.waits.isVerified(piece)) return false;
    return true;
  }

  #moveWindow(): void {
    if (this.#at >= this.#end) return this.#window.close();
    const ahead = Math.max(READER_WINDOW_BYTES, READER_WINDOW_PIECES * this.#source.geometry.pieceLength);
    const last = Math.min(this.#end, this.#at + ahead) - 1;
    this.#window.move(this.#pieceAt(this.#at), this.#pieceAt(last) + 1);
  }

  #pieceAt(byte: number): PieceIndex {
    const { file, geometry } = this.#source;
    return pieceAt(geometry, file.offset + byte);
  }
}
