/** Runs `unchoke watch`: fetches each torrent that appears in a folder, until it is stopped. */
import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { TakenSources } from '../../session/taken-sources.ts';
import type { WatchFlags } from '../commands/watch.ts';
import { Console } from '../output/console.ts';
import { openMetrics } from '../output/metrics.ts';
import { getSettings } from '../settings-from-flags.ts';
import { DropFolder } from './drop-folder.ts';
import { FolderWatch, type WatchTime } from './folder-watch.ts';
import { get } from './get.ts';
import { aloneContext } from './get-context.ts';
import { Interrupt } from './interrupt.ts';
import { assertNoLink } from './no-link.ts';
import { withSession } from './with-session.ts';

const TIME: WatchTime = {
  now: () => performance.now(),
  after: (ms, signal) => after(ms, undefined, { signal }).catch(() => {}),
};

/** Resolves to 0 when a signal has ended it in order. */
export async function runWatch(folder: string, flags: WatchFlags): Promise<number> {
  const settings = getSettings(flags);
  if (settings.report !== null || settings.torrent.saveTorrent !== null || settings.dryRun)
    throw new Failure(
      'usage',
      '--report, --save-torrent and --dry-run do not work with watch; use unchoke get',
    );
  if (settings.choose) throw new Failure('usage', '--choose does not work with watch, which asks nobody');
  assertNoLink('watch', folder, 'use unchoke get for one source');
  const drops = new DropFolder(folder);
  const console = new Console({ ...settings.console, keys: true });
  const metrics = await openMetrics(settings, console);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const interrupt = new Interrupt(() => stop.abort());
  try {
    return await withSession(settings, { downloads: true, torrents: settings.parallel }, async (session) => {
      console.news(`watching ${folder} for .torrent and .magnet files; Ctrl-C or SIGTERM stops it`);
      const context = { ...aloneContext(console, session, stop.signal), metrics, explains: false };
      const all = new TakenSources();
      await new FolderWatch({
        ...{ drops, console, time: TIME, parallel: settings.parallel, signal: stop.signal },
        stop: () => stop.abort(),
        fetch: async (source, own) => {
          const taken = all.forOne();
          const seeds: Promise<number>[] = [];
          try {
            return await get(source, settings, { ...context, console: own, taken, seeds });
          } finally {
            context.seeds.push(...seeds);
            // A complete torrent has its place for as long as it is given to peers.
            void Promise.allSettled(seeds).then(() => taken.release());
          }
        },
      }).run();
      await Promise.all(context.seeds);
      console.news('stopped; what is left in the folder is fetched at the next start');
      return 0;
    });
  } finally {
    interrupt.release();
    metrics?.close();
  }
}
