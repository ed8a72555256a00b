/**
 * Missing pieces by their hashes, whatever their file is called: those that lie wholly in a file, at a multiple of the piece length.
 * In version 2 these are all pieces; in version 1 those of files that begin with a piece. Pure.
 */
import { dataOfPiece, lengthOfPiece, offsetOfPiece, piecesOf } from '../../../shared/geometry.ts';
import type { PieceIndex } from '../../../shared/indices.ts';
import { CHECK_TASK_BYTES } from '../../../shared/limits.ts';
import { PIECE_HASH_BYTES, rootOfPiece } from '../../../shared/piece-hashes.ts';
import type { KnownChunk, SourceStretch } from '../../../shared/storage-messages.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import { partInside } from './piece-ways.ts';
import type { SourceFile } from './source-walk.ts';

type Hashed = Pick<Metainfo, 'files' | 'geometry' | 'pieceHashes' | 'version2'>;

export class SoughtHashes {
  readonly #metainfo: Hashed;
  readonly #pieces = new Map<string, PieceIndex[]>();
  /** Bytes of these pieces, without padding. */
  readonly #lengths = new Set<number>();
  #isPadded = false;

  constructor(metainfo: Hashed) {
    this.#metainfo = metainfo;
  }

  /** Pieces that may be recognized. */
  static *candidates({ files, geometry: g }: Pick<Hashed, 'files' | 'geometry'>): Generator<PieceIndex> {
    for (const file of files) {
      if (file.padding || file.offset !== offsetOfPiece(g, Math.floor(file.offset / g.pieceLength))) continue;
      const { first, end } = piecesOf(g, file);
      for (let piece = first; piece < end - 1; piece++) yield piece as PieceIndex;
      const last = (end - 1) as PieceIndex;
      if (end > first && partInside({ files, geometry: g }, last) !== null) yield last;
    }
  }

  get isEmpty(): boolean {
    return this.#pieces.size === 0;
  }

  /** True if one of them is such a piece. */
  isAny(is: (piece: PieceIndex) => boolean): boolean {
    for (const pieces of this.#pieces.values()) if (pieces.some(is)) return true;
    return false;
  }

  /** Some of them end with padding (BEP 47) that their hashes cover. */
  get isPadded(): boolean {
    return this.#isPadded;
  }

  /** One of `candidates`. */
  add(piece: PieceIndex): void {
    const { geometry: g, pieceHashes, version2 } = this.#metainfo;
    const root = version2 === null ? null : rootOfPiece(version2.trees, piece);
    const sha1 = pieceHashes.subarray(piece * PIECE_HASH_BYTES, (piece + 1) * PIECE_HASH_BYTES);
    if (root === null && sha1.length === 0) return;
    const digest = Buffer.from(root ?? sha1).toString('latin1');
    const length = dataOfPiece(g, piece);
    this.#lengths.add(length);
    this.#isPadded ||= root === null && length < lengthOfPiece(g, piece);
    const same = this.#pieces.get(digest);
    if (same === undefined) this.#pieces.set(digest, [piece]);
    else same.push(piece);
  }

  /** The pieces with this content. */
  of({ digest, length }: KnownChunk): PieceIndex[] {
    const { geometry: g } = this.#metainfo;
    return (this.#pieces.get(digest) ?? []).filter((piece) => dataOfPiece(g, piece) === length);
  }

  /** What of a file may be one of these pieces. `isKnown`: it was compared already, by its number in the file. */
  *stretchesOf({ path, size }: SourceFile, isKnown: (chunk: number) => boolean): Generator<SourceStretch> {
    const { pieceLength } = this.#metainfo.geometry;
    const full = this.#lengths.has(pieceLength) ? Math.floor(size / pieceLength) : 0;
    const most = Math.max(1, Math.floor(CHECK_TASK_BYTES / pieceLength));
    let from = 0;
    for (let chunk = 0; chunk <= full; chunk++) {
      if (chunk < full && !isKnown(chunk) && chunk - from < most) continue;
      if (chunk > from) yield { path, at: from * pieceLength, length: (chunk - from) * pieceLength };
      from = chunk < full && isKnown(chunk) ? chunk + 1 : chunk;
    }
    const last = Math.floor(size / pieceLength);
    const rest = size - last * pieceLength;
    if (rest > 0 && this.#lengths.has(rest) && !isKnown(last))
      yield { path, at: last * pieceLength, length: rest };
  }
}
