/** What the journal of a simulated torrent claims, as it lies on the disk. */
import { dataOfPiece, lengthOfPiece } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import type { VirtualFiles } from '../support/virtual-files.ts';
import type { SimContent } from './sim-content.ts';

export interface Claims {
  readonly pieces: readonly number[];
  /** Those whose bytes on the disk are not right. */
  readonly wrong: readonly number[];
  readonly bytes: number;
}

/** `path`: of the download. Nothing is claimed where there is no journal, or only a part of one. */
export function claimsOf(disk: VirtualFiles, path: string, content: SimContent): Claims {
  const { geometry } = content.metainfo;
  const { pieceCount, pieceLength } = geometry;
  const verified = verifiedIn(disk.content(`${path}.unchoke`).toString('latin1'));
  const pieces = Array.from({ length: pieceCount }, (_, piece) => piece).filter(
    (piece) => ((verified[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0,
  );
  const lengthOf = (piece: number): number => lengthOfPiece(geometry, piece as PieceIndex);
  const wrong = pieces.filter((piece) => {
    const at = piece * pieceLength;
    const there = bytesAt(disk, path, content, at, lengthOf(piece));
    return Buffer.compare(there, content.all.subarray(at, at + there.length)) !== 0;
  });
  // Padding (BEP 47) is not downloaded.
  const dataOf = (sum: number, piece: number): number => sum + dataOfPiece(geometry, piece as PieceIndex);
  return { pieces, wrong, bytes: pieces.reduce(dataOf, 0) };
}

function verifiedIn(text: string): Uint8Array {
  try {
    const { verified } = JSON.parse(text.split('\n')[0] ?? '') as { readonly verified: string };
    return Buffer.from(verified, 'base64');
  } catch {
    return new Uint8Array();
  }
}

/** Bytes of the torrent as its files on the disk have them; zeros where a file has none. */
function bytesAt(
  disk: VirtualFiles,
  path: string,
  { metainfo }: SimContent,
  from: number,
  count: number,
): Buffer {
  const bytes = Buffer.alloc(count);
  for (const { offset, length, path: elements } of metainfo.files) {
    const [start, end] = [Math.max(from, offset), Math.min(from + count, offset + length)];
    if (start >= end) continue;
    const name = elements.length > 1 ? `${path}/${elements.slice(1).join('/')}` : path;
    disk.content(name).copy(bytes, start - from, start - offset, end - offset);
  }
  return bytes;
}
