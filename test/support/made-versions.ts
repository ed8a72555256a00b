/** The same files as a torrent of version 1, of version 2 or as a hybrid, for a seed that writes its own bytes. */
import { createHash } from 'node:crypto';
import { parseMetainfo } from '../../src/main/torrent/metainfo.ts';
import { type MadeTorrent, madeTorrent } from './torrent-seed.ts';
import { hybridParts, type Made, torrentOfParts, version2Parts } from './version2-torrents.ts';

export const VERSIONS = ['v1', 'v2', 'hybrid'] as const;
export type Version = (typeof VERSIONS)[number];

/** Of files in one folder `set`, sorted by name. `pieceLength`: a power of two, of 16 KiB or more. */
export function madeVersion(files: readonly Made[], pieceLength: number, version: Version): MadeTorrent {
  if (version === 'v1')
    return madeTorrent(
      files.map(({ name, bytes }) => ({ path: name, bytes })),
      pieceLength,
    );
  const parts = version === 'v2' ? version2Parts(files, pieceLength) : hybridParts(files, pieceLength);
  const torrent = torrentOfParts(parts);
  const { info } = parseMetainfo(torrent, 'made');
  const hash = createHash(version === 'v2' ? 'sha256' : 'sha1')
    .update(info)
    .digest();
  // Each file begins with a piece.
  const data = Buffer.concat(
    files.map(({ bytes }, i) => {
      const gap = i === files.length - 1 ? 0 : (pieceLength - (bytes.length % pieceLength)) % pieceLength;
      return Buffer.concat([bytes, Buffer.alloc(gap)]);
    }),
  );
  return { torrent, infoHash: hash.subarray(0, 20), data, pieceLength };
}
