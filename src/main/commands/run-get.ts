/** What `unchoke get` does: each source with its own run, one after the other. */
import { Console } from '../console.ts';
import { EXIT_STATUS, Failure } from '../failure.ts';
import { get } from '../get.ts';
import type { GetContext } from '../get-run.ts';
import { printable } from '../text.ts';
import { expandSources } from '../torrent/source-list.ts';
import type { GetFlags } from './get-flags.ts';

/** Long sources are magnet links: their beginning says enough. */
const SHOWN_CHARS = 100;

/** One that fails does not stop the others; the exit status is that of the first that failed. */
export async function runGet(named: readonly string[], flags: GetFlags): Promise<number> {
  const sources = expandSources(named);
  const [only] = sources;
  const context = { console: new Console(flags), oracleMs: null };
  if (sources.length === 1 && only !== undefined) return get(only, flags, context);
  if (flags.report !== undefined || flags.saveTorrent !== undefined)
    throw new Failure('usage', '--report and --save-torrent are for one source at a time');
  const { console } = context;
  const failed: string[] = [];
  let first = 0;
  for (const [i, source] of sources.entries()) {
    const shown = printable(source).slice(0, SHOWN_CHARS);
    console.event('source', { source: shown, number: i + 1, of: sources.length });
    console.news(`${i + 1} of ${sources.length}: ${shown}`);
    const status = await statusOf(source, flags, context);
    if (status === EXIT_STATUS.interrupted) return status;
    if (status === 0) continue;
    failed.push(shown);
    first ||= status;
  }
  const good = sources.length - failed.length;
  console.result(
    `${good} of ${sources.length} complete${failed.map((source) => `\nnot complete: ${source}`).join('')}`,
  );
  return first;
}

/** A failure for the user is told and is the end of this source; a bug of ours is the end of all. */
async function statusOf(source: string, flags: GetFlags, context: GetContext): Promise<number> {
  try {
    return await get(source, flags, context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.console.event('error', { code: error.code, message: error.message });
    context.console.error(error.message);
    return error.exitStatus;
  }
}
