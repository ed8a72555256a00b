/** What a run makes of the news of its download: events, progress of a check, and its end. */
import type { Geometry } from '../../shared/geometry.ts';
import type { DownloadListener } from '../download/download-options.ts';
import type { Ending } from './ending.ts';
import { downloadEvents } from './run-events.ts';
import type { RunWatch } from './run-watch.ts';
import type { TorrentListeners } from './torrent-listener.ts';

export interface RunOfDownload {
  readonly listeners: TorrentListeners;
  /** The folders of `reuse`. */
  readonly reuse: readonly string[];
  readonly watch: RunWatch;
  end(ending: Ending): void;
}

export function runDownloadListener(
  { listeners, reuse, watch, end }: RunOfDownload,
  geometry: Geometry,
): DownloadListener {
  const events = downloadEvents(listeners, reuse);
  /** Why each web seed was lost, as it was reported. */
  const told = new Map<string, string>();
  return {
    ...events,
    onChecked: watch.onChecked(geometry),
    onReuseLooked: watch.onReuseLooked,
    onVerified: () => watch.idle.progressed(),
    onWebSeedLost: (url, reason) => {
      // Lost files are asked for again now and then, and the same answer is no news.
      if (told.get(url) !== reason) events.onWebSeedLost(url, reason);
      told.set(url, reason);
      watch.checkExhausted();
    },
    onComplete: () => end({ kind: 'complete' }),
    onFailure: (error) => end({ kind: 'failed', error }),
  };
}
