/** `download`: one torrent from its source to its last verified byte, for a program that wants nothing else. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../failure.ts';
import { checkedSettings, type OpenSettings } from './checked-settings.ts';
import { openTorrent, type TorrentSource } from './download-source.ts';
import type { TorrentEvent } from './events.ts';
import { Session } from './session.ts';
import { shardsFor } from './settings.ts';
import { SessionTorrent } from './torrent.ts';
import type { DownloadResult } from './torrent-api.ts';

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
  const shards = shardsFor(settings, settings);
  const session = new Session({ ...settings, shards }, { downloads: true, torrents: 1 });
  let end = (): void => {};
  try {
    const opened = await openTorrent(source, session.http, signal);
    // It may have been aborted while the source was read, before anybody listened.
    signal.throwIfAborted();
    const torrent = new SessionTorrent(opened, settings, session);
    torrent.on(onEvent);
    end = () => void torrent.remove();
    signal.addEventListener('abort', end);
    torrent.begin();
    return await torrent.completed;
  } catch (error) {
    throw signal.aborted ? interrupted(signal) : error;
  } finally {
    signal.removeEventListener('abort', end);
    await session.close();
  }
}

function interrupted(signal: AbortSignal): Failure {
  return new Failure('interrupted', 'the download was interrupted; the same call resumes it', {
    cause: signal.reason,
  });
}
