/** Small torrents written by hand. */
import { createHash } from 'node:crypto';
import { geometry, lengthOfPiece } from '../../src/shared/geometry.ts';
import type { PieceIndex } from '../../src/shared/indices.ts';
import { payload } from './payload.ts';

export const str = (text: string | Buffer): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes]);
};
export const int = (value: number): Buffer => Buffer.from(`i${value}e`);
export const list = (...items: Buffer[]): Buffer =>
  Buffer.concat([Buffer.from('l'), ...items, Buffer.from('e')]);
export const dict = (fields: Record<string, Buffer>): Buffer =>
  Buffer.concat([
    Buffer.from('d'),
    ...Object.entries(fields).flatMap(([key, value]) => [str(key), value]),
    Buffer.from('e'),
  ]);

/** SHA-1 of each piece of the test payload. */
export function payloadHashes(totalLength: number, pieceLength: number): Buffer {
  const g = geometry(totalLength, pieceLength);
  const hashes = Array.from({ length: g.pieceCount }, (_, piece) =>
    createHash('sha1')
      .update(payload(piece, 0, lengthOfPiece(g, piece as PieceIndex)))
      .digest(),
  );
  return Buffer.concat(hashes);
}

/** A single-file torrent; `info` overrides or adds fields of its info dictionary, `top` of the torrent. */
export function torrentOf(info: Record<string, Buffer> = {}, top: Record<string, Buffer> = {}): Buffer {
  const fields = {
    length: int(100),
    name: str('file.bin'),
    'piece length': int(16_384),
    pieces: str(Buffer.alloc(20)),
    ...info,
  };
  return dict({ ...top, info: dict(fields) });
}
