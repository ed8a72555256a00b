/** `download`: one torrent from its source to its last verified byte, for a program that wants nothing else. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../failure.ts';
import type { Bytes, InfoHash, Milliseconds } from '../quantities.ts';
import { checkedSettings, type OpenSettings } from './checked-settings.ts';
import { openTorrent, type TorrentSource } from './download-source.ts';
import type { Ending } from './ending.ts';
import type { TorrentEvent } from './events.ts';
import { Session } from './session.ts';
import { shardsFor } from './settings.ts';
import { TorrentRun } from './torrent-run.ts';

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
  readonly ms: Milliseconds;
}

/** Names are those of the options of the command line in camelCase. Sizes are bytes, rates per second, times milliseconds. */
export interface DownloadOptions extends Readonly<Partial<OpenSettings>> {
  /** Ends the download in order. Verified pieces stay, and the same call resumes. */
  readonly signal?: AbortSignal;
  /** Is called with each event. What it throws ends the download. */
  readonly onEvent?: (event: TorrentEvent) => void;
}

/**
 * Resolves when all wanted files are complete, verified and on disk. Rejects with a `Failure` that has a stable `code`; it is
 * `interrupted` where `signal` ended it. All threads and sockets are gone by then.
 */
export async function download(
  source: TorrentSource,
  options: DownloadOptions = {},
): Promise<DownloadResult> {
  const { signal = new AbortController().signal, onEvent = () => {}, ...given } = options;
  const settings = checkedSettings(given);
  if (typeof onEvent !== 'function') throw new Failure('usage', 'onEvent: this must be a function');
  if (!(signal instanceof AbortSignal)) throw new Failure('usage', 'signal: this must be an AbortSignal');
  if (signal.aborted) throw interrupted(signal);
  // One signal may end many downloads: with the eleventh listener Node 20 warns on stderr.
  setMaxListeners(0, signal);
  const session = new Session(
    { ...settings, shards: shardsFor(settings, settings) },
    { downloads: true, torrents: 1 },
  );
  try {
    const torrent = await openTorrent(source, session.http, signal);
    return await downloaded(new TorrentRun({ source: torrent, settings, session }), signal, onEvent);
  } catch (error) {
    throw signal.aborted ? interrupted(signal) : error;
  } finally {
    await session.close();
  }
}

async function downloaded(
  torrent: TorrentRun,
  signal: AbortSignal,
  onEvent: (event: TorrentEvent) => void,
): Promise<DownloadResult> {
  torrent.subscribe({ onEvent });
  const ending: Ending = await torrent.run(signal);
  if (ending.kind === 'failed') throw ending.error;
  if (ending.kind === 'interrupted') throw interrupted(signal);
  const downloaded = torrent.job?.download.downloadedBytes ?? 0;
  return { ...torrent.result, downloaded, ms: torrent.elapsedMs };
}

function interrupted(signal: AbortSignal): Failure {
  return new Failure('interrupted', 'the download was interrupted; the same call resumes it', {
    cause: signal.reason,
  });
}
