/** What the shards get to know of every torrent, whatever is done with it. */

import type { ShardTorrent } from '../../shared/messages.ts';
import { sharedBytes } from '../../shared/shared-copy.ts';
import type { TorrentNames } from '../../shared/torrent-names.ts';
import { type InfoHashes, mainHash, wireHash } from './info-hash.ts';
import { infoHashes, type Metainfo } from './metainfo.ts';

export function knownToShards(
  metainfo: Metainfo,
): Pick<ShardTorrent, 'names' | 'geometry' | 'info' | 'private'> {
  const { geometry, info, private: isPrivate } = metainfo;
  return { names: namesOnWire(infoHashes(metainfo)), geometry, info: sharedBytes(info), private: isPrivate };
}

export function namesOnWire(hashes: InfoHashes): TorrentNames {
  return { infoHash: mainHash(hashes), infoHashV2: hashes.v2 === null ? null : wireHash(hashes.v2) };
}
