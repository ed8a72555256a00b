/** `download`: one torrent from its source to its last verified byte, for a program that wants nothing else. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../failure.ts';
import { HttpClient } from '../network/http-client.ts';
import { checkedSettings, type OpenSettings } from './checked-settings.ts';
import { openTorrent, type TorrentSource } from './download-source.ts';
import type { TorrentEvent } from './events.ts';
import { routeOf } from './settings.ts';
import { type DownloadResult, SingleDownload } from './single-download.ts';

/** Names are those of the options of the command line in camelCase. Sizes are bytes, rates per second, times milliseconds. */
export interface DownloadOptions extends Readonly<Partial<OpenSettings>> {
  /** Ends the download in order. What is verified stays, and the same call goes on from there. */
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
  const http = new HttpClient(routeOf(settings));
  try {
    const torrent = await openTorrent(source, http, signal);
    return await new SingleDownload(torrent, settings, http, onEvent).run(signal);
  } catch (error) {
    throw signal.aborted ? interrupted(signal) : error;
  } finally {
    http.close();
  }
}

function interrupted(signal: AbortSignal): Failure {
  return new Failure('interrupted', 'the download was interrupted; the same call goes on from there', {
    cause: signal.reason,
  });
}
