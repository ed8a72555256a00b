/** A torrent as a program that uses the library sees it. */
import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Bytes, BytesPerSecond, Count, InfoHash, Milliseconds } from '../quantities.ts';
import type { TorrentEvent } from './events.ts';

/**
 * `searching`: for the metadata of a magnet link. `queued`: for memory that other torrents have. `checking`: what is on disk
 * already. The last three are ends.
 */
export type TorrentState =
  | 'searching'
  | 'queued'
  | 'checking'
  | 'downloading'
  | 'paused'
  | 'complete'
  | 'failed'
  | 'removed';

export interface TorrentStats {
  readonly state: TorrentState;
  /** Verified bytes of the wanted files. */
  readonly bytes: Bytes;
  /** Of all pieces that the wanted files need; 0 while that is not known. */
  readonly totalBytes: Bytes;
  /** What this session has downloaded of them. */
  readonly downloaded: Bytes;
  readonly rate: BytesPerSecond;
  /** Addresses of peers that are known, those that are connected, and those that let us download. */
  readonly known: Count;
  readonly connected: Count;
  readonly unchoked: Count;
}

/** A complete download. */
export interface DownloadResult {
  readonly name: string;
  readonly infoHash: InfoHash;
  /** The file, or the folder of the files. */
  readonly path: string;
  /** Bytes of all pieces that the wanted files need. */
  readonly bytes: Bytes;
  /** Those of them that were downloaded now; the others were on disk. */
  readonly downloaded: Bytes;
  /** Milliseconds since it was added. */
  readonly ms: Milliseconds;
}

/** The first and the last byte, both included, as in `fs.createReadStream`. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** A file of a torrent that downloads. */
export interface TorrentFile {
  readonly length: Bytes;
  /**
   * The bytes of the range, verified, as they come. As long as the stream is open, the pieces ahead of it come before all
   * others. To seek, destroy it and open another one. A pause, a removal or a failure ends it with a `Failure`.
   */
  stream(range?: ByteRange): Readable;
  /** The same as a web stream. */
  webStream(range?: ByteRange): ReadableStream<Uint8Array>;
}

/** A torrent of a session, for as long as the session has it. */
export interface Torrent {
  readonly infoHash: InfoHash;
  /** The torrent's own name, or what the magnet link calls it. */
  readonly name: string;
  readonly state: TorrentState;
  readonly stats: TorrentStats;
  /**
   * Resolves when all wanted files are complete, verified and on disk. Rejects with a `Failure`, which is `interrupted` where
   * the torrent was removed or the session closed.
   */
  readonly completed: Promise<DownloadResult>;
  /** `listener` hears of each event, until the function that is returned is called. What it throws ends the torrent. */
  on(listener: (event: TorrentEvent) => void): () => void;
  /** Events from here on, up to the end of the torrent. Where they are not taken, an old progress makes room for the new one. */
  events(): AsyncIterableIterator<TorrentEvent>;
  /**
   * A file by its path in the torrent. Throws a `usage` failure where there is none, and where the torrent does not download
   * now: before its files are known, in a pause, and when it is complete (then read the file itself).
   */
  file(path: string): TorrentFile;
  /** Closes its peers and files. What is verified stays. Resolves when that is done. */
  pause(): Promise<void>;
  /** Goes on after a pause; nothing happens where it runs, or is over. */
  resume(): Promise<void>;
  /** Takes it out of the session. Files stay. Resolves when nothing of it is left. */
  remove(): Promise<void>;
}
