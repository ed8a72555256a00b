/** Turns what happens in a swarm and in a download into the events of the torrent. */
import type { PeerIndex } from '../../shared/indices.ts';
import type { DownloadListener } from '../download/download-options.ts';
import type { MappingNews } from '../network/nat/port-mapping.ts';
import type { NetworkReturn } from '../network/network-watch.ts';
import { formatTime } from '../text/units.ts';
import type { Metainfo } from '../torrent/metainfo.ts';
import type { DownloadJob } from './download-job.ts';
import type { CompleteEvent, MetadataEvent } from './events.ts';
import type { PortMappedEvent, PortNotMappedEvent } from './port-events.ts';
import type { RunSums } from './run-sums.ts';
import type { TorrentListeners } from './torrent-listener.ts';
import type { SwarmListener } from './torrent-swarm.ts';
import { UnreadableFiles } from './unreadable-files.ts';

/** `nameOf`: the address of a peer. */
export function swarmEvents(
  listeners: TorrentListeners,
  nameOf: (peer: PeerIndex) => string,
): Pick<
  SwarmListener,
  'onFirstUnchoke' | 'onBanned' | 'onShardLost' | 'onNews' | 'onMapping' | 'onReadFailed'
> {
  const unreadable = new UnreadableFiles();
  return {
    onFirstUnchoke: ({ peer, shard }, ms) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'first-unchoke', ms, peer: nameOf(peer), shard })),
    onBanned: (peer) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'peer-banned', peer: nameOf(peer) })),
    onShardLost: (error) =>
      listeners.tell(({ onNews }) => onNews?.(`a shard died and was replaced: ${String(error)}`)),
    onNews: (news) => listeners.tell(({ onTrackerNews }) => onTrackerNews?.(news)),
    onMapping: (news) => listeners.tell(({ onEvent }) => onEvent?.(mappingEvent(news))),
    onReadFailed: (code, path) => {
      const text = unreadable.note(code, path);
      if (text !== null) listeners.tell(({ onNews }) => onNews?.(text));
    },
  };
}

/** Null if only an address of ours has changed. */
export function backText(back: NetworkReturn): string | null {
  if (back.by !== 'success') return null;
  return `the network is back after ${formatTime(back.ms)}: lost peers are dialled again`;
}

function mappingEvent(news: MappingNews): PortMappedEvent | PortNotMappedEvent {
  const { kind, ...facts } = news;
  return 'cause' in facts ? { type: 'port-not-mapped', ...facts } : { type: 'port-mapped', ...facts };
}

export function downloadEvents(
  listeners: TorrentListeners,
  folders: readonly string[],
): Omit<DownloadListener, 'onChecked' | 'onReuseLooked' | 'onVerified' | 'onComplete' | 'onFailure'> {
  return {
    onReused: (bytes, totalBytes, isCut) =>
      listeners.tell(({ onEvent }) => onEvent?.({ type: 'reused', folders, bytes, totalBytes, isCut })),
    onRepair: (message) => listeners.tell(({ onNews }) => onNews?.(message)),
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

/** `searchMs`: how long the search for the metadata of a magnet link took; null for a .torrent file. */
export function metadataEvent(
  { name, infoHash, geometry, files }: Metainfo,
  searchMs: number | null,
): MetadataEvent {
  return {
    type: 'metadata',
    name,
    infoHash: Buffer.from(infoHash).toString('hex'),
    bytes: geometry.contentLength,
    pieces: geometry.pieceCount,
    pieceLength: geometry.pieceLength,
    files: files.filter(({ padding }) => !padding).length,
    ...(searchMs === null ? {} : { searchMs }),
  };
}

export function completeEvent(
  { download, plan }: DownloadJob,
  { ms, downloaded, reused }: RunSums,
): CompleteEvent {
  const { wanted: bytes } = download.bytes;
  return { type: 'complete', ms, bytes, downloaded, reused, files: plan.files.length, path: plan.root };
}
