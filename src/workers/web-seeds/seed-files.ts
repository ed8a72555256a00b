/**
 * Which files one web seed has. Failures are counted per file: if a server lacks one file or has another version of it, that says
 * nothing about its other files.
 */

import type { Geometry } from '../../shared/geometry.ts';
import { endOfPiece, offsetOfPiece, piecesOf } from '../../shared/geometry.ts';
import type { Landing } from '../../shared/http-visitor.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { MAX_BAD_PIECES_OF_FILE, WEB_SEED_FILE_RETRY_MS } from '../../shared/limits.ts';
import type { WebSeedFile } from '../../shared/web-seed-messages.ts';

export const BAD_DATA = 'it sent bad data';

export interface SeedFile {
  /** Why the server cannot send it; null if it can. */
  lostTo: string | null;
  /** When a lost file is tried again; null if it is not barred. */
  retryAt: number | null;
  /** Where the server's redirects led. */
  landing: Landing | null;
  /** Which of the file's names to try first: the one that the server had. */
  name: number;
  badPieces: number;
  goodPieces: number;
}

export class SeedFiles {
  readonly #files: readonly WebSeedFile[];
  readonly #geometry: Geometry;
  readonly #states = new Map<number, SeedFile>();
  /** For each piece, the number of reasons why it is not available here; null while there is no reason for any piece. */
  #bars: Uint16Array | null = null;
  readonly #badPieces = new Set<PieceIndex>();
  #lost = 0;
  /** When the next lost file is tried again. */
  #nextRetry = Number.POSITIVE_INFINITY;

  /** `files` in the order of the torrent. */
  constructor(files: readonly WebSeedFile[], geometry: Geometry) {
    this.#files = files;
    this.#geometry = geometry;
  }

  /** How many files were lost at some time. */
  get lost(): number {
    return this.#lost;
  }

  /** True if some piece is not available. */
  get hasBars(): boolean {
    return this.#bars !== null;
  }

  /** True if every file of the piece may be requested. */
  canGive(piece: PieceIndex): boolean {
    return this.#bars === null || this.#bars[piece] === 0;
  }

  /** True if the file may be requested. */
  has(file: number): boolean {
    return (this.#states.get(file)?.retryAt ?? null) === null;
  }

  /** The same for the file that contains this byte of the torrent. */
  hasAt(byte: number): boolean {
    return this.has(fileAt(this.#files, byte));
  }

  /** True if the server sent bad data for the piece. */
  isBad(piece: PieceIndex): boolean {
    return this.#badPieces.has(piece);
  }

  /** The state of a file. */
  of(file: number): SeedFile {
    let state = this.#states.get(file);
    if (state === undefined) {
      state = { lostTo: null, retryAt: null, landing: null, name: 0, badPieces: 0, goodPieces: 0 };
      this.#states.set(file, state);
    }
    return state;
  }

  /** The server does not send this file. It is tried again after a long time: a missing or forbidden file may come back. */
  lose(file: number, reason: string, now: number): void {
    const state = this.of(file);
    if (state.lostTo === null) this.#lost += 1;
    state.lostTo = reason;
    if (state.retryAt !== null) return;
    state.retryAt = now + WEB_SEED_FILE_RETRY_MS;
    this.#nextRetry = Math.min(this.#nextRetry, state.retryAt);
    this.#barFile(file, 1);
  }

  /** The server answered with bytes of this file. */
  gives(file: number): void {
    const state = this.#states.get(file);
    if (state !== undefined && state.retryAt === null) state.lostTo = null;
  }

  /** Lost files whose time has come may be requested again. Returns these. */
  retry(now: number): readonly number[] {
    if (now < this.#nextRetry) return [];
    const again: number[] = [];
    this.#nextRetry = Number.POSITIVE_INFINITY;
    for (const [file, state] of this.#states) {
      if (state.retryAt === null || state.lostTo === BAD_DATA) continue;
      if (now < state.retryAt) {
        this.#nextRetry = Math.min(this.#nextRetry, state.retryAt);
        continue;
      }
      state.retryAt = null;
      this.#barFile(file, -1);
      again.push(file);
    }
    return again;
  }

  /**
   * The server sent bad data for this piece, so the piece is not requested from it again. If several pieces of one file were bad
   * (not counting pieces shared by files), the server has another version of the file. Returns the file that is given up, or
   * null.
   */
  badPiece(piece: PieceIndex, now: number): number | null {
    if (!this.#badPieces.has(piece)) {
      this.#badPieces.add(piece);
      this.#bar(piece, 1);
    }
    const file = this.#onlyFileOf(piece);
    if (file === null) return null;
    const state = this.of(file);
    state.badPieces += 1;
    state.goodPieces -= 1;
    const { badPieces, goodPieces } = state;
    if (badPieces < MAX_BAD_PIECES_OF_FILE || badPieces * 10 < goodPieces) return null;
    if (state.lostTo === BAD_DATA) return null;
    this.lose(file, BAD_DATA, now);
    return file;
  }

  /** All of the piece came from this server. If the piece is bad after all, `badPiece` reverses the count. */
  goodPiece(piece: PieceIndex): void {
    const file = this.#onlyFileOf(piece);
    if (file !== null) this.of(file).goodPieces += 1;
  }

  /** Why the piece is not available here; null if it is. */
  whyNot(piece: PieceIndex): string | null {
    if (this.canGive(piece)) return null;
    for (const file of this.filesOf(piece)) {
      const reason = this.#states.get(file)?.lostTo ?? null;
      if (reason !== null) return reason;
    }
    return BAD_DATA;
  }

  /** The files with bytes in the piece, without padding. */
  filesOf(piece: PieceIndex): number[] {
    const [start, end] = [offsetOfPiece(this.#geometry, piece), endOfPiece(this.#geometry, piece)];
    const found: number[] = [];
    for (let i = fileAt(this.#files, start); i < this.#files.length; i++) {
      const file = this.#files[i] as WebSeedFile;
      if (file.offset >= end) break;
      if (!file.padding) found.push(i);
    }
    return found;
  }

  #onlyFileOf(piece: PieceIndex): number | null {
    const [file, second] = this.filesOf(piece);
    return file === undefined || second !== undefined ? null : file;
  }

  #barFile(file: number, change: 1 | -1): void {
    const { first, end } = piecesOf(this.#geometry, this.#files[file] as WebSeedFile);
    for (let piece = first; piece < end; piece++) this.#bar(piece, change);
  }

  #bar(piece: PieceIndex, change: 1 | -1): void {
    this.#bars ??= new Uint16Array(this.#geometry.pieceCount);
    this.#bars[piece] = Math.max(0, Math.min((this.#bars[piece] ?? 0) + change, 0xffff));
  }
}

/** The file that contains the byte; files of length zero contain none. */
export function fileAt(files: readonly WebSeedFile[], offset: number): number {
  let low = 0;
  let high = files.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const file = files[middle] as WebSeedFile;
    if (file.offset + file.length <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
