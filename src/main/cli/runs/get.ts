/** One download, from its source to its exit status. */

import { EXIT_STATUS } from '../../failure.ts';
import { plainFilesOf } from '../../session/settings.ts';
import type { OneDownload } from '../../session/taken-sources.ts';
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
  let source: Source;
  try {
    if (settings.dryRun) {
      await dryRun(named, settings, context);
      return 0;
    }
    source = await openSource(named, session.http, signal, plainFilesOf(settings.torrent));
  } catch (error) {
    if (!signal.aborted) throw error;
    console.news('interrupted before the torrent was fetched');
    return EXIT_STATUS.interrupted;
  }
  return taken.once(namesOf(source), named, {
    download: (one) => download(source, settings, context, one),
    onSame: (other) => console.news(`it is downloaded once: the same torrent as ${shownSource(other)}`),
  });
}

/** What is the same download has one of them. The files that a magnet link selects are part of what is downloaded. */
function namesOf(source: Source): string[] {
  const selected = source.kind === 'magnet' ? source.magnet.select : [];
  return keysOf(source).map((key) => `${key} ${JSON.stringify(selected)}`);
}

async function download(
  source: Source,
  settings: GetSettings,
  context: GetContext,
  one: OneDownload,
): Promise<number> {
  const { onComplete } = settings;
  const run = new GetRun(source, settings, context, {
    signal: one.signal,
    onKnown: (known) => one.know(namesOf(known)),
  });
  const ended = run.run();
  const status = await Promise.race([ended, run.seeds]);
  // Another source downloads the torrent, and does all that follows.
  if (one.signal.aborted) return status;
  const { seed, cluster } = settings.torrent;
  if ((seed !== null || cluster !== null) && status === 0) context.seeds.push(ended);
  if (status === 0 && onComplete !== null) {
    // A failure of the user's program does not change our exit status.
    const wrong = await runCompletionProgram(onComplete, run.result);
    if (wrong !== null) context.console.news(`--on-complete ${onComplete}: ${wrong}`);
  }
  return status;
}
