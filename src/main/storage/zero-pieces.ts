/** Pieces that have only zeros: they do not prove that a file belongs to the torrent. */
import { createHash } from 'node:crypto';
import { type Geometry, lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { BLOCK_BYTES, HASH_TASK_BYTES } from '../../shared/limits.ts';
import { leavesOf, rootOver } from '../../shared/merkle.ts';
import { PIECE_HASH_BYTES, rootOfPiece } from '../../shared/piece-hashes.ts';
import type { Metainfo } from '../torrent/metainfo.ts';

/** Asks the hashes, not the disk. */
export function zeroPieces(metainfo: Metainfo): (piece: PieceIndex) => boolean {
  const { geometry: g, pieceHashes, version2 } = metainfo;
  if (pieceHashes.length > 0) {
    const zeros = zeroHashes(g);
    const hashes = Buffer.from(pieceHashes.buffer, pieceHashes.byteOffset, pieceHashes.length);
    return (piece) => {
      const at = piece * PIECE_HASH_BYTES;
      return zeros.some((zero) => zero.compare(hashes, at, at + PIECE_HASH_BYTES) === 0);
    };
  }
  const trees = version2?.trees;
  return (piece) => {
    const root = trees === undefined ? null : rootOfPiece(trees, piece);
    if (trees === undefined || root === null) return false;
    return zeroRoot(lengthOfPiece(g, piece), trees.widths[piece] ?? 1).equals(root);
  };
}

/**
 * Pieces that are only padding (BEP 47), if the hash says that it is zeros, as it should be: they are right without anybody, and no file
 * has a byte of them. Version 2 has no padding, and a hybrid none that fills a piece.
 */
export function paddingPieces(metainfo: Metainfo): PieceIndex[] {
  const { dataLengths } = metainfo.geometry;
  const empty = [...(dataLengths?.keys() ?? [])].filter((piece) => dataLengths?.[piece] === 0);
  return empty.length === 0 ? [] : (empty as PieceIndex[]).filter(zeroPieces(metainfo));
}

/** Of a full piece and of the last one. */
function zeroHashes(g: Geometry): Buffer[] {
  const lengths = new Set([g.pieceLength, lengthOfPiece(g, (g.pieceCount - 1) as PieceIndex)]);
  return [...lengths].map((length) => {
    const hash = createHash('sha1');
    for (let at = 0; at < length; at += HASH_TASK_BYTES)
      hash.update(Buffer.alloc(Math.min(HASH_TASK_BYTES, length - at)));
    return hash.digest();
  });
}

const ZERO_LEAF = leavesOf(Buffer.alloc(BLOCK_BYTES));

function zeroRoot(length: number, width: number): Buffer {
  const full = Array<Buffer>(Math.floor(length / BLOCK_BYTES)).fill(ZERO_LEAF);
  const rest = length % BLOCK_BYTES;
  const leaves = rest === 0 ? full : [...full, leavesOf(Buffer.alloc(rest))];
  return rootOver(Buffer.concat(leaves), 0, width);
}
