/** `download`: one torrent, from its source to its last verified byte, for a program that needs nothing else. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../failure.ts';
import { checkedSettings, type OpenSettings } from './checked-settings.ts';
import { openTorrent, type TorrentSource } from './download-source.ts';
import type { TorrentEvent } from './events.ts';
import { Session } from './session.ts';
import { plainFilesOf, shardsFor } from './settings.ts';
import { SessionTorrent } from './torrent.ts';
import type { DownloadResult } from './torrent-api.ts';

/** Names are those of the command line's options in camelCase. Sizes are in bytes, rates per second, times in milliseconds. */
export interface DownloadOptions extends Readonly<Partial<OpenSettings>> {
  /** Ends the download in order. Verified pieces stay, and the same call resumes. */
  readonly signal?: AbortSignal;
  /** Called with each event. If it throws, the download ends. */
  readonly onEvent?: (event: TorrentEvent) => void;
}

/**
 * Resolves when all wanted files are complete, verified and on disk; with `seed`, when they are no longer given to peers: a goal is
 * reached, or `signal` ends it. Rejects with a `Failure` that has a stable `code`:
 * `interrupted` if `signal` ended the download before it was complete. By then all threads have ended and all sockets are closed.
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
  // Many downloads may share one signal, and from the eleventh listener on Node 20 writes a warning to stderr.
  setMaxListeners(0, signal);
  const shards = shardsFor(settings, settings);
  const session = new Session({ ...settings, shards }, { downloads: true, torrents: 1 });
  let end = (): void => {};
  try {
    const opened = await openTorrent(source, session.http, signal, plainFilesOf(settings));
    // It may have been aborted while the source was read, before this download had a listener.
    signal.throwIfAborted();
    const torrent = new SessionTorrent(opened, settings, session);
    torrent.on(onEvent);
    end = () => void torrent.remove();
    signal.addEventListener('abort', end);
    torrent.begin();
    const result = await torrent.completed;
    // Who ends what is given has a complete download all the same.
    await torrent.finished.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return result;
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
