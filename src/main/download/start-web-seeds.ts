/** Starts the web seeds of a download beside its shards. */
import type { ShardTorrent } from '../../shared/messages.ts';
import type { WebSeeds, WebSeedsListener } from '../pools/web-seeds.ts';
import { webSeedFiles } from '../torrent/web-seed-files.ts';
import type { DownloadListener, DownloadOptions } from './download-options.ts';
import type { MissingFiles } from './missing-files.ts';

/** Null if the torrent has no web seed that may be asked. */
export function startWebSeeds(
  { metainfo, torrent, webSeeds }: DownloadOptions,
  share: NonNullable<ShardTorrent['download']>,
  missing: MissingFiles,
  {
    listener,
    ...holder
  }: Pick<WebSeedsListener, 'onFull' | 'onOwnerGone'> & {
    readonly listener: Pick<DownloadListener, 'onWebSeedLost' | 'onWebSeedWaits'>;
  },
): WebSeeds | null {
  const { urls, pool } = webSeeds;
  if (urls.length === 0) return null;
  const { ledger, arena, maxSlots } = share;
  const files = webSeedFiles(metainfo);
  const stamp = metainfo.plainFile?.stamp;
  const single = metainfo.files[0]?.urlSpellings[0]?.length === 1;
  return pool.add(
    torrent,
    { urls, files, single, ledger, arena, maxSlots, ...(stamp === undefined ? {} : { stamp }) },
    {
      ...holder,
      onSeedLost: (url, reason) => listener.onWebSeedLost(url, reason),
      onSeedWaits: (url, reason, ms) => listener.onWebSeedWaits(url, reason, ms),
      onFileUnavailable: (file, reason) => missing.lacking(file, reason),
    },
  );
}
