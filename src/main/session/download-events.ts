/** What becomes known of a torrent, and what happens to its download, as its events. */
import type { Geometry } from '../../shared/geometry.ts';
import type { DownloadListener } from '../download/download-options.ts';
import { RateMeter } from '../download/rate-meter.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { MetadataEvent } from './events.ts';
import { checkProgress } from './progress.ts';
import type { TorrentListeners } from './torrent-listener.ts';

export function downloadEvents(
  listeners: TorrentListeners,
  { pieceLength }: Geometry,
): Omit<DownloadListener, 'onVerified' | 'onComplete' | 'onFailure'> {
  const checkRate = new RateMeter();
  return {
    onChecked: (pieces, total) => {
      const progress = checkProgress(pieces, total, pieceLength, checkRate);
      listeners.tell(({ onEvent }) => onEvent?.(progress));
    },
    onJournalTrouble: (message) => listeners.tell(({ onNews }) => onNews?.(`no journal: ${message}`)),
    onPieceFailed: (piece) => listeners.tell(({ onEvent }) => onEvent?.({ type: 'piece-failed', piece })),
    onWebSeedLost: (url, reason) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'web-seed-lost', url, reason })),
    onWebSeedWaits: (url, reason, ms) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'web-seed-waits', url, reason, ms })),
    onFileUnavailable: ({ path, reason }) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'file-unavailable', path, reason })),
  };
}

/** `searchMs`: how long the metadata of a magnet link was searched; null where it was not. */
export function metadataEvent(
  { name, infoHash, geometry, files }: Metainfo,
  searchMs: number | null,
): MetadataEvent {
  return {
    type: 'metadata',
    name,
    infoHash: Buffer.from(infoHash).toString('hex'),
    bytes: geometry.totalLength,
    pieces: geometry.pieceCount,
    pieceLength: geometry.pieceLength,
    files: files.length,
    ...(searchMs === null ? {} : { searchMs }),
  };
}
