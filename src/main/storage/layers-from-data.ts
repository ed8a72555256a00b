/** The piece layers (BEP 52) that a torrent lacks, from its data: the root of a file proves the layer that its bytes make. */
import { piecesOf } from '../../shared/geometry.ts';
import type { PieceIndex } from '../../shared/indices.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import type { StoredFile } from '../../shared/stored-files.ts';
import type { StoredTorrent } from '../pools/stored-torrent.ts';
import { type Metainfo, unlayeredFiles } from '../torrent/metainfo.ts';
import { putLayer } from '../torrent/piece-layers.ts';

export interface DataOfLayers {
  /** Files of the plan that are there with the length that they have in the torrent. */
  readonly whole: readonly StoredFile[];
  /** Pieces hashed in this step. */
  readonly onHashed: (pieces: readonly PieceIndex[]) => void;
}

/**
 * Hashes the files whose layer is missing, and keeps the layers that are right. Returns the pieces that were hashed: `proven` are all
 * right, and of a file with `unproven` pieces some are wrong, nobody knows which. Rejects with a `disk` failure.
 */
export async function layersFromData(
  stored: StoredTorrent,
  metainfo: Metainfo,
  { whole, onHashed }: DataOfLayers,
): Promise<{ readonly proven: readonly PieceIndex[]; readonly unproven: readonly PieceIndex[] }> {
  const { geometry: g, version2 } = metainfo;
  const proven: PieceIndex[] = [];
  const unproven: PieceIndex[] = [];
  // An empty file has the offset of the next one.
  const there = new Set(whole.filter(({ length }) => length > 0).map(({ offset }) => offset));
  for (const file of unlayeredFiles(metainfo)) {
    if (version2 === null || !there.has(file.offset)) continue;
    const { first, end } = piecesOf(g, file);
    const pieces = Array.from({ length: end - first }, (_, i) => (first + i) as PieceIndex);
    const layer = new Uint8Array(pieces.length * TREE_HASH_BYTES);
    await stored.scan(
      'digest',
      (result) => {
        if (result.type !== 'digested') return;
        layer.set(result.roots, (result.first - first) * TREE_HASH_BYTES);
        onHashed(pieces.slice(result.first - first, result.first - first + result.count));
      },
      pieces,
    );
    (putLayer(version2.trees, g, file, layer) ? proven : unproven).push(...pieces);
  }
  return { proven, unproven };
}
