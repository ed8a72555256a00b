/** A torrent, as a program that uses the library sees it. */
import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Bytes, BytesPerSecond, Count, InfoHash, Milliseconds } from '../quantities.ts';
import type { TorrentEvent } from './events.ts';

/**
 * `searching`: for the metadata of a magnet link. `fetching-hashes`: of the pieces of a version 2 torrent, from peers. `queued`: waits for memory that other torrents use. `checking`: hashes what is
 * already on disk. `seeding`: it is complete, and peers get it. The last three are final.
 */
export type TorrentState =
  | 'searching'
  | 'fetching-hashes'
  | 'queued'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'paused'
  | 'complete'
  | 'failed'
  | 'removed';

export interface TorrentStats {
  readonly state: TorrentState;
  /** Verified bytes of the wanted files. */
  readonly bytes: Bytes;
  /** Bytes of all pieces that the wanted files need; 0 while this is not known. */
  readonly totalBytes: Bytes;
  /** The part of them that this session has downloaded. */
  readonly downloaded: Bytes;
  /** The part of them that came from the folders of `reuse` in this session. */
  readonly reused: Bytes;
  readonly rate: BytesPerSecond;
  /** Bytes of blocks that peers got from us in this session. */
  readonly uploaded: Bytes;
  /** Known addresses of peers, connected peers, and peers that unchoke us. */
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
  /** The part of them that was downloaded now; the rest was already on disk. */
  readonly downloaded: Bytes;
  /** The part of them that came from the folders of `reuse`. */
  readonly reused: Bytes;
  /** Milliseconds since it was added. */
  readonly ms: Milliseconds;
}

/** The first and the last byte, both included, as in `fs.createReadStream`. */
export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** A file of a torrent during its download. */
export interface TorrentFile {
  readonly length: Bytes;
  /**
   * The bytes of the range, as soon as they are verified. While the stream is open, the pieces ahead of it are requested before
   * all others. To seek, destroy it and open another one. A pause, a removal or a failure ends it with a `Failure`.
   */
  stream(range?: ByteRange): Readable;
  /** The same as a web stream. */
  webStream(range?: ByteRange): ReadableStream<Uint8Array>;
}

/** A torrent of a session, until it is removed from the session. */
export interface Torrent {
  readonly infoHash: InfoHash;
  /** The torrent's own name, or the name in the magnet link. */
  readonly name: string;
  readonly state: TorrentState;
  readonly stats: TorrentStats;
  /**
   * Resolves when all wanted files are complete, verified and on disk. Rejects with a `Failure`: `interrupted` if the torrent was
   * removed or the session was closed.
   */
  readonly completed: Promise<DownloadResult>;
  /** Calls `listener` with each event, until the returned function is called. If it throws, the torrent ends. */
  on(listener: (event: TorrentEvent) => void): () => void;
  /** The events from now to the end of the torrent. While the reader is slow, a new progress event replaces the last one. */
  events(): AsyncIterableIterator<TorrentEvent>;
  /**
   * A file by its path in the torrent. Throws a `usage` failure if there is no such file, or if the torrent does not download
   * now: before its files are known, during a pause, and when it is complete (then read the file itself).
   */
  file(path: string): TorrentFile;
  /** Closes its peers and files. Verified data stays. Resolves when all is closed. */
  pause(): Promise<void>;
  /** Continues after a pause. Does nothing if the torrent runs or has ended. */
  resume(): Promise<void>;
  /** Removes it from the session. Files stay. Resolves when all is closed. */
  remove(): Promise<void>;
}
