/**
 * The last check of a plain file: whether it has, as a whole, the hash that the user gave. If it has another one, the pieces that this
 * node fetched from the source are not suspect; those whose hashes others said are, and so is what changed on the disk. Suspect pieces are
 * fetched from the source again: that shows who said a wrong hash, and what is wrong is replaced. There is one such repair.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileSystem, writeAll } from '../../shared/file-system.ts';
import { endOfPiece, type Geometry, offsetOfPiece } from '../../shared/geometry.ts';
import { HttpError } from '../../shared/http-visitor.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { PLAIN_PARTS_AT_ONCE } from '../../shared/limits.ts';
import { Failure } from '../failure.ts';
import { counted } from '../text/units.ts';
import type { LearnedHashes } from '../torrent/learned-hashes.ts';
import type { PlainFileParts } from '../torrent/plain-file-parts.ts';
import { partsOfFile, sha256Of } from './file-proof.ts';
import type { HashRecord } from './hash-record.ts';
import { suspectRounds } from './suspect-pieces.ts';

export interface WholeFile {
  /** In hexadecimal, what it must have. */
  readonly sha256: string;
  readonly path: string;
  readonly geometry: Geometry;
  readonly hashes: LearnedHashes;
  readonly record: Pick<HashRecord, 'saveOwn'> | null;
  readonly files: FileSystem;
  /** Null: nothing can be fetched again. */
  readonly parts: Pick<PlainFileParts, 'fetch'> | null;
  /** A descriptor, to be closed by the caller. Throws a `disk` failure. */
  open(flags: number): number;
  /** The answer is wanted no more. */
  isOver(): boolean;
  onNews(text: string): void;
}

export class WholeCheck {
  readonly #file: WholeFile;
  /** What the next run may know of the hashes. */
  kept: 'all' | 'own' | 'nothing' = 'all';
  /** Its SHA-256 at the last look; null: that was given up. */
  #found: string | null = null;
  /** Pieces were replaced since the last look at the whole. */
  #hasChanged = false;

  constructor(file: WholeFile) {
    this.#file = file;
  }

  /** False if it was given up. Rejects with a `bad-data` failure if the file is wrong and cannot be repaired, or with the system's error. */
  async run(): Promise<boolean> {
    const { sha256, hashes, path, record, onNews } = this.#file;
    await this.#look();
    if (this.#found === null || this.#found === sha256) return this.#found !== null;
    this.kept = 'own';
    const damaged = await this.#damaged();
    if (this.#file.isOver()) return false;
    const rounds = suspectRounds(hashes, damaged);
    if (rounds.count === 0) throw this.#isAnother();
    if (this.#file.parts === null) throw this.#isUnchecked('it may not be asked');
    await record?.saveOwn();
    onNews(
      `${path}: its SHA-256 is not the one of --sha256; up to ${counted(rounds.count, 'piece')} whose hashes others said, or that changed on the disk, are fetched from the source again`,
    );
    await this.#assertSameSource();
    for (let round = rounds.next(); round.length > 0; round = rounds.next()) {
      if (!(await this.#refetch(round, damaged))) return false;
      if (!rounds.isSettled || !this.#hasChanged) continue;
      this.#hasChanged = false;
      await this.#look();
      if (this.#found === null) return false;
      if (this.#found !== sha256) continue;
      this.kept = 'all';
      onNews(`${path}: its SHA-256 is right now${this.#wrongText('; ')}`);
      return true;
    }
    const lost = await this.#damaged();
    if (this.#file.isOver()) return false;
    if (lost.size === 0) throw this.#isAnother();
    throw this.#wrong(
      `${counted(lost.size, 'piece')} on the disk are not what was written there: check the disk`,
    );
  }

  async #look(): Promise<void> {
    const { files, isOver } = this.#file;
    this.#found = await this.#with(constants.O_RDONLY, (descriptor) => sha256Of(files, descriptor, isOver));
  }

  /** Pieces that are not on the disk as they were when their hash was right. */
  #damaged(): Promise<Set<PieceIndex>> {
    const { files, hashes, isOver } = this.#file;
    return this.#with(constants.O_RDONLY, async (descriptor) => {
      const damaged = new Set<PieceIndex>();
      for (let at = 0; at < hashes.count && !isOver(); at++) {
        const piece = at as PieceIndex;
        const known = hashes.of(piece);
        const sum = createHash('sha1');
        for await (const part of partsOfFile(files, descriptor, { ...this.#rangeOf(piece), isOver }))
          sum.update(part);
        if (known === null || !sum.digest().equals(known)) damaged.add(piece);
      }
      return damaged;
    });
  }

  /** A piece that this node fetched itself must come as it came: else nobody can be blamed. */
  async #assertSameSource(): Promise<void> {
    const { hashes } = this.#file;
    const own = Array.from({ length: hashes.count }, (_, at) => at as PieceIndex).find((piece) =>
      hashes.isOwn(piece),
    );
    if (own === undefined) return;
    const bytes = await this.#fetch(own);
    if (bytes === null || hashOf(bytes).equals(hashes.of(own) ?? Buffer.alloc(0))) return;
    this.kept = 'nothing';
    throw this.#wrong('the file at the URL changed during the download; the next run fetches all again');
  }

  /** False if it was given up. */
  async #refetch(pieces: readonly PieceIndex[], damaged: ReadonlySet<PieceIndex>): Promise<boolean> {
    const waiting = [...pieces];
    let isWhole = true;
    const lane = async (): Promise<void> => {
      for (let piece = waiting.shift(); piece !== undefined && isWhole; piece = waiting.shift()) {
        const bytes = await this.#fetch(piece);
        isWhole &&= bytes !== null;
        if (bytes !== null) await this.#settle(piece, bytes, damaged.has(piece));
      }
    };
    await Promise.all(Array.from({ length: PLAIN_PARTS_AT_ONCE }, lane));
    return isWhole;
  }

  async #settle(piece: PieceIndex, bytes: Buffer, isDamaged: boolean): Promise<void> {
    const { files, hashes } = this.#file;
    const hash = hashOf(bytes);
    const isAsSaid = hash.equals(hashes.of(piece) ?? Buffer.alloc(0));
    if (!isAsSaid || isDamaged) {
      this.#hasChanged = true;
      await this.#with(constants.O_RDWR, (descriptor) =>
        writeAll(files, descriptor, bytes, this.#rangeOf(piece).from),
      );
    }
    hashes.make(piece, hash);
  }

  /** Null if it was given up. */
  async #fetch(piece: PieceIndex): Promise<Buffer | null> {
    const { parts, isOver } = this.#file;
    const { from, to } = this.#rangeOf(piece);
    try {
      return (await parts?.fetch(from, to)) ?? null;
    } catch (error) {
      if (isOver()) return null;
      if (!(error instanceof HttpError)) throw error;
      throw this.#isUnchecked(error.message);
    }
  }

  async #with<Result>(flags: number, work: (descriptor: number) => Promise<Result>): Promise<Result> {
    const descriptor = this.#file.open(flags);
    try {
      return await work(descriptor);
    } finally {
      this.#file.files.close(descriptor);
    }
  }

  #rangeOf(piece: PieceIndex): { readonly from: number; readonly to: number } {
    const { geometry } = this.#file;
    return { from: offsetOfPiece(geometry, piece), to: endOfPiece(geometry, piece) };
  }

  /** Nobody else has a say in it. */
  #isAnother(): Failure {
    this.kept = 'nothing';
    return this.#wrong('every piece came from the source itself, so the URL has another file');
  }

  #isUnchecked(reason: string): Failure {
    const { count, text } = suspectRounds(this.#file.hashes, new Set());
    return this.#wrong(
      `the hashes of ${counted(count, 'piece')} are the word of others (${text}) and cannot be checked, because the source gives nothing: ${reason}; the next run fetches only these again`,
    );
  }

  #wrong(why: string): Failure {
    const { path, sha256 } = this.#file;
    return new Failure(
      'bad-data',
      `${path}: its SHA-256 is ${this.#found}, and --sha256 says ${sha256}; ${why}${this.#wrongText('; ')}`,
    );
  }

  /** Who said how many hashes that are not those of what the source sends. */
  #wrongText(before: string): string {
    const { wrong } = this.#file.hashes;
    if (wrong.size === 0) return '';
    const each = [...wrong.values()].map(
      ({ sayer: { name }, count }) => `${name} said ${count} wrong ${count === 1 ? 'hash' : 'hashes'}`,
    );
    return `${before}by what the source sends here, ${each.join(', ')}`;
  }
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}
