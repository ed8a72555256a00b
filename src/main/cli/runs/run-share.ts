/** Runs `unchoke share`: gives files to peers until a signal ends it. */
import { setMaxListeners } from 'node:events';
import { Failure } from '../../failure.ts';
import type { GivenFigures } from '../../session/seeding.ts';
import type { Session } from '../../session/session.ts';
import { ShareRun } from '../../session/share-run.ts';
import { SeedRecords } from '../../storage/seed-record.ts';
import { showSecrets } from '../../text/foreign-text.ts';
import type { ShareFlags } from '../commands/share.ts';
import { Console } from '../output/console.ts';
import { ShareOutput } from '../output/share-output.ts';
import { writeLines } from '../output/terminal.ts';
import { rawArguments } from '../raw-arguments.ts';
import { type ShareSettings, shareSettings } from '../share-settings.ts';
import { Interrupt } from './interrupt.ts';
import { type SharedItem, sharedItems } from './shared-items.ts';
import { systemdUnit } from './systemd-unit.ts';
import { withSession } from './with-session.ts';

/** Resolves to 0 when it was stopped in order, also if one of several torrents could not be shared. */
export async function runShare(paths: readonly string[], flags: ShareFlags): Promise<number> {
  const settings = shareSettings(flags);
  if (flags.systemd === true) {
    // A unit is copied as it is, and works only with whole URLs.
    showSecrets(true);
    writeLines('stdout', systemdUnit(rawArguments().slice(1), paths));
    return 0;
  }
  const console = new Console(settings.console);
  if (paths.length > 1 && settings.saveTorrent !== null)
    throw new Failure('usage', '--save-torrent works with one path only');
  const records = new SeedRecords();
  // Here a signal ends the process at once: a torrent that is being made leaves nothing behind.
  const items = await sharedItems(paths, settings, records, console);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const interrupt = new Interrupt(() => stop.abort());
  try {
    return await withSession(settings, { downloads: true, torrents: 0 }, (session) =>
      new Sharing(items, settings, records, session, console).run(stop.signal),
    );
  } finally {
    interrupt.release();
  }
}

class Sharing {
  readonly #items: readonly SharedItem[];
  readonly #settings: ShareSettings;
  readonly #records: SeedRecords;
  readonly #session: Session;
  readonly #output: ShareOutput;
  readonly #console: Console;

  constructor(
    items: readonly SharedItem[],
    settings: ShareSettings,
    records: SeedRecords,
    session: Session,
    console: Console,
  ) {
    this.#items = items;
    this.#settings = settings;
    this.#records = records;
    this.#session = session;
    this.#console = console;
    this.#output = new ShareOutput(console, items.length, session.mapping !== null);
  }

  /** One that fails does not stop the others; if all do, the first failure counts. */
  async run(signal: AbortSignal): Promise<number> {
    const ended = await Promise.allSettled(this.#items.map((item, i) => this.#share(item, i + 1, signal)));
    const bug = ended.find((one) => one.status === 'rejected' && !(one.reason instanceof Failure));
    if (bug?.status === 'rejected') throw bug.reason;
    const given = this.#items.flatMap(({ metainfo }, i) => {
      const one = ended[i];
      return one?.status === 'fulfilled' ? [{ ...one.value, bytes: metainfo.geometry.contentLength }] : [];
    });
    const [first] = ended;
    if (given.length === 0 && first?.status === 'rejected') throw first.reason;
    this.#output.ended(given);
    return 0;
  }

  async #share({ metainfo, plan }: SharedItem, number: number, signal: AbortSignal): Promise<GivenFigures> {
    const { torrent: settings, goals, superSeed } = this.#settings;
    const run = new ShareRun({
      ...{ metainfo, plan, settings, goals, superSeed, session: this.#session, records: this.#records },
      onReady: (findings) => this.#output.begun(number, metainfo, plan, findings),
    });
    run.subscribe({
      onEvent: (event) => this.#output.heard(number, event),
      onNews: (text) => this.#output.news(number, text),
      onTrackerNews: (news) => this.#output.heardSource(number, news),
    });
    this.#output.tellPeers(number, run.swarm.race);
    try {
      return await run.run(signal);
    } catch (error) {
      if (!(error instanceof Failure) || this.#items.length === 1) throw error;
      const console = this.#console.forSource(number);
      console.event({ type: 'error', code: error.code, message: error.message });
      console.error(error.lines);
      throw error;
    } finally {
      this.#output.over(number);
    }
  }
}
