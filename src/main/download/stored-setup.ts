/** What the storage threads must know of a download. */
import type { ArenaMemory } from '../../shared/slot-blocks.ts';
import type { StoredTorrentSetup } from '../../shared/storage-messages.ts';
import { hashesOf } from '../torrent/metainfo.ts';
import type { DownloadOptions } from './download-options.ts';

export function storedSetup(
  { metainfo, plan, lease }: DownloadOptions,
  arena: ArenaMemory,
  place: StoredTorrentSetup['place'],
): StoredTorrentSetup {
  return {
    arena,
    geometry: metainfo.geometry,
    hashes: hashesOf(metainfo),
    files: plan.files,
    padding: plan.padding,
    ...(place === undefined ? {} : { place }),
    ...(lease === undefined ? {} : { lease }),
  };
}
