/** Hashes the files of a new torrent, on all threads: once, also for a hybrid. */
import { lengthOfPiece } from '../../shared/geometry.ts';
import type { PieceIndex, TorrentId } from '../../shared/indices.ts';
import { TREE_HASH_BYTES } from '../../shared/merkle.ts';
import { PIECE_HASH_BYTES, type PieceTrees } from '../../shared/piece-hashes.ts';
import type { StoragePool } from '../pools/storage-pool.ts';
import type { MadeHashes } from '../torrent/made-info.ts';
import type { MadeLayout } from '../torrent/made-layout.ts';
import { treesOf } from '../torrent/piece-layers.ts';

/** `id`: a torrent that the pool does not know. `onHashed` gets the bytes of each part. Rejects with a `disk` failure. */
export async function sourceHashes(
  layout: MadeLayout,
  pool: StoragePool,
  id: TorrentId,
  onHashed: (bytes: number) => void,
): Promise<MadeHashes> {
  const { version, geometry, files, padding } = layout;
  const trees = version === 'v1' ? null : unknownTrees(layout);
  const pieces = new Uint8Array(version === 'v2' ? 0 : geometry.pieceCount * PIECE_HASH_BYTES);
  const roots = new Uint8Array(trees === null ? 0 : geometry.pieceCount * TREE_HASH_BYTES);
  // Padding is no byte of a file.
  const bytesOf = (piece: PieceIndex): number => trees?.lengths[piece] ?? lengthOfPiece(geometry, piece);
  const stored = pool.register(id, {
    arena: null,
    geometry,
    hashes: { sha1: version === 'v2' ? null : new SharedArrayBuffer(0), trees },
    files: files.map(({ path, offset, length }) => ({ path, offset, length })),
    padding,
    followLinks: true,
  });
  try {
    await stored.scan('digest', (result) => {
      if (result.type !== 'digested') return;
      const { first, count } = result;
      if (version !== 'v2') pieces.set(result.hashes, first * PIECE_HASH_BYTES);
      if (version !== 'v1') roots.set(result.roots, first * TREE_HASH_BYTES);
      let bytes = 0;
      for (let i = 0; i < count; i++) bytes += bytesOf((first + i) as PieceIndex);
      onHashed(bytes);
    });
  } finally {
    await stored.close();
  }
  return { pieces, roots };
}

/** Their shape; the hashes are what we look for. */
function unknownTrees({ files, geometry }: MadeLayout): PieceTrees {
  const root = new Uint8Array(TREE_HASH_BYTES);
  const hashed = files.filter(({ length }) => length > 0);
  return treesOf(
    hashed.map(({ offset, length }) => ({ root, offset, length })),
    geometry,
  );
}
