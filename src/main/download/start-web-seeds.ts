/** Sets the web seeds of a download to work beside its shards. */
import type { ShardTorrent } from '../../shared/messages.ts';
import { CLIENT_NAME } from '../network/identity.ts';
import { webSeedFiles } from '../torrent/web-seed-files.ts';
import type { DownloadListener, DownloadOptions } from './download-options.ts';
import type { MissingFiles } from './missing-files.ts';
import { WebSeeds, type WebSeedsListener } from './web-seeds.ts';

/** Null where the torrent has none that may be asked. */
export function startWebSeeds(
  { metainfo, webSeeds }: DownloadOptions,
  share: NonNullable<ShardTorrent['download']>,
  missing: MissingFiles,
  listener: Pick<WebSeedsListener, 'onFull' | 'onThreadLost'> &
    Pick<DownloadListener, 'onWebSeedLost' | 'onWebSeedWaits'>,
): WebSeeds | null {
  const { urls, route } = webSeeds;
  if (urls.length === 0) return null;
  const { ledger, arena, maxSlots } = share;
  const files = webSeedFiles(metainfo);
  const single = metainfo.files[0]?.urlSpellings[0]?.length === 1;
  return new WebSeeds(
    { clientName: CLIENT_NAME, route, urls, files, single, ledger, arena, maxSlots },
    {
      ...listener,
      onSeedLost: (url, reason) => listener.onWebSeedLost(url, reason),
      onSeedWaits: (url, reason, ms) => listener.onWebSeedWaits(url, reason, ms),
      onFileUnavailable: (file, reason) => missing.lacking(file, reason),
    },
  );
}
