/** One download, from its source to its exit status. */

import { EXIT_STATUS } from '../../failure.ts';
import { keysOf, openSource, type Source } from '../../torrent/source.ts';
import type { GetSettings } from '../settings-from-flags.ts';
import { runCompletionProgram } from './completion-program.ts';
import { dryRun } from './dry-run.ts';
import type { GetContext } from './get-context.ts';
import { GetRun } from './get-run.ts';
import { shownSource } from './shown-source.ts';

/**
 * Downloads and reports; resolves to the exit status when the download is complete. With `--seed` it goes on then, as one of the
 * seeds of the context. Rejects with a Failure for the user, or with a bug of ours.
 */
export async function get(named: string, settings: GetSettings, context: GetContext): Promise<number> {
  const { console, session, taken, signal } = context;
  if (settings.dryRun) {
    await dryRun(named, settings, context);
    return 0;
  }
  let source: Source;
  try {
    source = await openSource(named, session.http, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    console.news('interrupted before the torrent was fetched');
    return EXIT_STATUS.interrupted;
  }
  // The files that a magnet link selects are part of what is downloaded.
  const selected = source.kind === 'magnet' ? source.magnet.select : [];
  const names = keysOf(source).map((key) => `${key} ${JSON.stringify(selected)}`);
  return taken.once(names, named, {
    download: () => download(source, settings, context),
    onSame: (other) => console.news(`the same torrent as ${shownSource(other)}: it is downloaded once`),
  });
}

async function download(source: Source, settings: GetSettings, context: GetContext): Promise<number> {
  const { onComplete } = settings;
  const run = new GetRun(source, settings, context);
  const ended = run.run();
  const status = await Promise.race([ended, run.seeds]);
  const { seed, cluster } = settings.torrent;
  if ((seed !== null || cluster !== null) && status === 0) context.seeds.push(ended);
  if (status === 0 && onComplete !== null) {
    // A failure of the user's program does not change our exit status.
    const wrong = await runCompletionProgram(onComplete, run.result);
    if (wrong !== null) context.console.news(`--on-complete ${onComplete}: ${wrong}`);
  }
  return status;
}
