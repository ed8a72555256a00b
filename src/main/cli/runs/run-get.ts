/** Runs `unchoke get`: one run per source, a few at a time. */
import { setMaxListeners } from 'node:events';
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { expandSources } from '../../torrent/source-list.ts';
import type { GetFlags } from '../commands/get-flags.ts';
import { assertCanAsk } from '../output/choose-files.ts';
import { Console } from '../output/console.ts';
import { openMetrics } from '../output/metrics.ts';
import { type GetSettings, getSettings } from '../settings-from-flags.ts';
import { get } from './get.ts';
import { aloneContext, type GetContext } from './get-context.ts';
import { Interrupt } from './interrupt.ts';
import { shownSource } from './shown-source.ts';
import { withSession } from './with-session.ts';

export async function runGet(named: readonly string[], flags: GetFlags): Promise<number> {
  const settings = getSettings(flags);
  const sources = expandSources(named);
  const [only] = sources;
  const lanes = Math.min(settings.parallel, sources.length);
  const { saveTorrent, sha256 } = settings.torrent;
  if (sources.length > 1 && (settings.report !== null || saveTorrent !== null || sha256 !== null))
    throw new Failure('usage', '--report, --save-torrent and --sha256 work with one source only');
  if (settings.choose) {
    if (sources.length > 1) throw new Failure('usage', '--choose works with one source only');
    assertCanAsk(settings.console.json);
  }
  const console = new Console({ ...settings.console, keys: true });
  console.logged(`unchoke get ${named.map((source) => shownSource(source)).join(' ')}`);
  const metrics = settings.dryRun ? null : await openMetrics(settings, console);
  const stop = new AbortController();
  const interrupt = new Interrupt(() => stop.abort());
  try {
    return await withSession(settings, { downloads: true, torrents: lanes }, async (session) => {
      const alone = { ...aloneContext(console, session, stop.signal), metrics };
      if (sources.length === 1 && only !== undefined) {
        const status = await get(only, settings, alone);
        await Promise.all(alone.seeds);
        return status;
      }
      setMaxListeners(lanes, stop.signal);
      return await new SeveralSources(sources, settings, alone, () => stop.abort()).run();
    });
  } catch (error) {
    if (error instanceof Failure) console.logged(error.lines);
    throw error;
  } finally {
    interrupt.release();
    metrics?.close();
  }
}

/** A source that fails does not stop the others. The exit status is that of the first source that failed. */
class SeveralSources {
  readonly #sources: readonly string[];
  readonly #settings: GetSettings;
  readonly #context: GetContext;
  readonly #stop: () => void;
  /** By position; undefined for a source that was never started. */
  readonly #statuses: (number | undefined)[] = [];

  constructor(sources: readonly string[], settings: GetSettings, context: GetContext, stop: () => void) {
    this.#sources = sources;
    this.#settings = settings;
    this.#context = context;
    this.#stop = stop;
  }

  async run(): Promise<number> {
    const { session, console, signal } = this.#context;
    // All lanes take from one iterator, so the next source goes to the lane that is free first.
    const queue = this.#sources.entries();
    const ended = await Promise.allSettled(
      Array.from({ length: session.use.torrents }, () => this.#work(queue)),
    );
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    await Promise.all(this.#context.seeds);
    if (signal.aborted && this.#statuses.length < this.#sources.length) return EXIT_STATUS.interrupted;
    const failed = this.#sources.filter((_, i) => this.#statuses[i] !== 0);
    const good = this.#sources.length - failed.length;
    const { dryRun } = this.#settings;
    if (dryRun && failed.length === 0) return 0;
    const [done, not] = dryRun ? ['can be downloaded', 'not usable'] : ['complete', 'not complete'];
    console.summary([
      `${good} of ${this.#sources.length} ${done}`,
      ...failed.map((source) => `${not}: ${shownSource(source)}`),
    ]);
    return this.#statuses.find((status) => status !== 0) ?? 0;
  }

  async #work(queue: Iterable<[number, string]>): Promise<void> {
    for (const [i, source] of queue) {
      if (this.#context.signal.aborted) return;
      const console = this.#context.console.forSource(i + 1);
      console.event({ type: 'source', number: i + 1, source: shownSource(source), of: this.#sources.length });
      console.news(`${i + 1} of ${this.#sources.length}: ${shownSource(source)}`);
      this.#statuses[i] = await this.#statusOf(source, { ...this.#context, console });
    }
  }

  /** A failure for the user is reported and ends only this source; a bug of ours ends all. */
  async #statusOf(source: string, context: GetContext): Promise<number> {
    try {
      return await get(source, this.#settings, context);
    } catch (error) {
      if (!(error instanceof Failure)) {
        this.#stop();
        throw error;
      }
      context.console.event({ type: 'error', code: error.code, message: error.message });
      context.console.error(error.lines);
      return error.exitStatus;
    }
  }
}
