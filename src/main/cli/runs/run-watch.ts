/** Runs `unchoke watch`: fetches each torrent that appears in a folder, until it is stopped. */
import { setMaxListeners } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { DROP_LOOK_MS } from '../../../shared/limits.ts';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { TakenSources } from '../../session/taken-sources.ts';
import type { WatchFlags } from '../commands/watch.ts';
import { Console } from '../output/console.ts';
import { openMetrics } from '../output/metrics.ts';
import { type GetSettings, getSettings } from '../settings-from-flags.ts';
import { DropFolder, type Dropped } from './drop-folder.ts';
import { get } from './get.ts';
import { aloneContext, type GetContext } from './get-context.ts';
import { Interrupt } from './interrupt.ts';
import { assertNoLink } from './no-link.ts';
import { withSession } from './with-session.ts';

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
      const context = { ...aloneContext(console, session, stop.signal), metrics };
      await new Watch(drops, settings, context).run(() => stop.abort());
      console.news('stopped; what is left in the folder is fetched at the next start');
      return 0;
    });
  } finally {
    interrupt.release();
    metrics?.close();
  }
}

class Watch {
  readonly #drops: DropFolder;
  readonly #settings: GetSettings;
  readonly #context: GetContext;
  readonly #taken = new TakenSources();
  readonly #waiting: Dropped[] = [];
  readonly #running = new Set<Promise<void>>();
  #count = 0;
  #bug: { readonly error: unknown } | null = null;
  #told = '';

  constructor(drops: DropFolder, settings: GetSettings, context: GetContext) {
    this.#drops = drops;
    this.#settings = settings;
    this.#context = context;
  }

  async run(stop: () => void): Promise<void> {
    const { signal } = this.#context;
    while (!signal.aborted) {
      this.#look();
      while (this.#running.size < this.#settings.parallel) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        this.#start(next, stop);
      }
      await after(DROP_LOOK_MS, undefined, { signal }).catch(() => {});
    }
    await Promise.all(this.#running);
    await Promise.all(this.#context.seeds);
    if (this.#bug !== null) throw this.#bug.error;
  }

  /** A folder that cannot be read for a while, for example on a share, is looked at again. */
  #look(): void {
    try {
      this.#waiting.push(...this.#drops.look(performance.now()));
      this.#told = '';
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.message !== this.#told) this.#context.console.news(error.lines);
      this.#told = error.message;
    }
  }

  #start(dropped: Dropped, stop: () => void): void {
    const work = this.#fetch(dropped)
      .catch((error: unknown) => {
        this.#bug ??= { error };
        stop();
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #fetch({ name, source }: Dropped): Promise<void> {
    this.#count += 1;
    const console = this.#context.console.forSource(this.#count);
    console.event({ type: 'source', number: this.#count, source: name, of: this.#count });
    console.news(name);
    const taken = this.#taken.forOne();
    try {
      const status = await get(source, this.#settings, { ...this.#context, console, taken });
      if (status === 0) this.#drops.move(name, 'done');
      else if (status === EXIT_STATUS.interrupted) this.#drops.forget(name);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.event({ type: 'error', code: error.code, message: error.message });
      console.error(error.lines);
      this.#moveFailed(name, error);
    } finally {
      taken.release();
    }
  }

  /** If it cannot even be moved, the folder is full or read-only: it stays, and is not tried again in this run. */
  #moveFailed(name: string, { message }: Failure): void {
    try {
      this.#drops.move(name, 'failed', message);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#context.console.error(error.lines);
    }
  }
}
