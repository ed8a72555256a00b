/** Where each file of a new torrent lies in its bytes: one after the other, or each at the beginning of a piece (BEP 52). */
import { bytesOfName } from '../../shared/byte-name.ts';
import { alignedGeometry, type Geometry, geometry } from '../../shared/geometry.ts';
import {
  BLOCK_BYTES,
  MAX_AUTO_PIECE_BYTES,
  MAX_AUTO_PIECES,
  MIN_AUTO_PIECE_BYTES,
} from '../../shared/limits.ts';
import type { Padding } from '../../shared/stored-files.ts';
import type { Source, SourceFile } from './source-files.ts';
import type { TorrentVersion } from './torrent-version.ts';

export interface PlacedFile extends SourceFile {
  readonly offset: number;
  /** BEP 47: padding behind it, which only a hybrid has. */
  readonly gap: number;
}

export interface MadeLayout {
  readonly version: TorrentVersion;
  readonly geometry: Geometry;
  /** In the order of the torrent. */
  readonly files: readonly PlacedFile[];
  readonly padding: readonly Padding[];
}

/** `pieceLength`: null to choose one. Throws RangeError for one that does not fit. */
export function layoutOf(
  { files, totalLength }: Source,
  version: TorrentVersion,
  pieceLength: number | null,
): MadeLayout {
  const length = pieceLength ?? autoPieceLength(totalLength);
  if (version === 'v1') {
    const placed = placedFiles(files, 1, false);
    return { version, geometry: geometry(totalLength, length), files: placed, padding: [] };
  }
  if (length < BLOCK_BYTES || !Number.isInteger(Math.log2(length)))
    throw new RangeError(
      `version 2 needs a power of two of at least ${BLOCK_BYTES} bytes, and ${length} is none`,
    );
  // As libtorrent does it: in a folder the last file has padding as well, and a file alone has none.
  const isPadded = version === 'hybrid' && files.length > 1;
  const placed = placedFiles(inTreeOrder(files), length, isPadded);
  if (version === 'v2')
    return {
      version,
      geometry: alignedGeometry(
        placed.map((file) => file.length),
        length,
      ),
      files: placed,
      padding: [],
    };
  const padding = placed.filter(({ gap }) => gap > 0).map(paddingBehind);
  const padded = padding.reduce((sum, { length: gap }) => sum + gap, totalLength);
  return { version, geometry: geometry(padded, length), files: placed, padding };
}

/** Few pieces make a small .torrent; small pieces make a quick start. */
export function autoPieceLength(totalLength: number): number {
  let pieceLength = MIN_AUTO_PIECE_BYTES;
  while (pieceLength < MAX_AUTO_PIECE_BYTES && totalLength / pieceLength > MAX_AUTO_PIECES) pieceLength *= 2;
  return pieceLength;
}

/** Each file begins at a multiple of `unit`. */
function placedFiles(files: readonly SourceFile[], unit: number, isPadded: boolean): PlacedFile[] {
  let offset = 0;
  return files.map((file) => {
    const begin = offset;
    const end = begin + file.length;
    offset = Math.ceil(end / unit) * unit;
    return { ...file, offset: begin, gap: isPadded ? offset - end : 0 };
  });
}

function paddingBehind({ offset, length, gap }: PlacedFile): Padding {
  return { offset: offset + length, length: gap };
}

/** Folder by folder, by the bytes of the names: the order of the sorted tree. */
function inTreeOrder(files: readonly SourceFile[]): SourceFile[] {
  const keyed = files.map((file) => ({ file, key: (file.elements ?? []).map(bytesOfName) }));
  keyed.sort((a, b) => compared(a.key, b.key));
  return keyed.map(({ file }) => file);
}

function compared(a: readonly Buffer[], b: readonly Buffer[]): number {
  for (const [i, element] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = Buffer.compare(element, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
