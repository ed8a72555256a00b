/** Torrents with one file for storage threads, with all pieces full in an arena. */
import { createHash } from 'node:crypto';
import { Arena } from '../../src/shared/arena.ts';
import { geometry } from '../../src/shared/geometry.ts';
import type { PieceIndex, ShardId, TorrentId } from '../../src/shared/indices.ts';
import { sharedBytes } from '../../src/shared/shared-copy.ts';
import type { PieceToStore, StoredTorrentSetup } from '../../src/shared/storage-messages.ts';

const SHARD = 1 as ShardId;

export interface FullTorrent {
  readonly setup: StoredTorrentSetup;
  readonly pieces: readonly PieceToStore[];
  readonly content: Buffer;
}

/** `path`: the path of its file, which must exist. Its bytes are a function of `seed`. */
export function fullTorrent(
  path: string,
  pieceCount: number,
  seed: number,
  pieceLength = 32_768,
): FullTorrent {
  const g = geometry(pieceCount * pieceLength, pieceLength);
  const memory = Arena.allocate(g, g.totalLength);
  const arena = new Arena(memory);
  const content = Buffer.alloc(g.totalLength);
  const hashes = Buffer.alloc(pieceCount * 20);
  const pieces = Array.from({ length: pieceCount }, (_, i) => {
    const piece = i as PieceIndex;
    const bytes = content.subarray(i * pieceLength, (i + 1) * pieceLength).fill(`${seed} ${i}.`);
    const slot = arena.claim(piece, SHARD);
    if (slot === null) throw new Error('the arena has a slot for each piece');
    arena.pieceBytes(slot).set(bytes);
    createHash('sha1')
      .update(bytes)
      .digest()
      .copy(hashes, i * 20);
    return { piece, slot, suspect: false };
  });
  const files = [{ path, offset: 0, length: g.totalLength }];
  return {
    setup: {
      arena: memory,
      geometry: g,
      hashes: { sha1: sharedBytes(hashes), trees: null },
      files,
      padding: [],
    },
    pieces,
    content,
  };
}

export const torrentId = (value: number): TorrentId => value as TorrentId;
