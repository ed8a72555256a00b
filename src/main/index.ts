/** The package: all that a program may import from 'unchoke'. docs/library.md describes it. */
export { Failure, type FailureCode } from './failure.ts';
export { type DownloadOptions, download } from './session/download-function.ts';
export type { TorrentSource } from './session/download-source.ts';
export type { TorrentEvent } from './session/events.ts';
export { Session, type SessionOptions, type TorrentOptions } from './session/open-session.ts';
export type {
  ByteRange,
  DownloadResult,
  Torrent,
  TorrentFile,
  TorrentState,
  TorrentStats,
} from './session/torrent-api.ts';
