/** One download from its source to its exit status. */
import type { GetFlags } from './commands/get-flags.ts';
import { routeOf } from './commands/options.ts';
import { runCompletionProgram } from './completion-program.ts';
import { Console } from './console.ts';
import { type GetContext, GetRun } from './get-run.ts';
import { HttpClient } from './http-client.ts';
import { openSource } from './torrent/source.ts';

/** Downloads and reports; resolves to the exit status. Rejects with a Failure for the user, or with a bug of ours. */
export async function get(source: string, flags: GetFlags, context: GetContext): Promise<number> {
  const route = routeOf(flags);
  const http = new HttpClient(route);
  try {
    const run = new GetRun(await openSource(source, http), flags, context, { route, http });
    const status = await run.run();
    if (status === 0 && flags.onComplete !== undefined) {
      // What a program of the user's makes of it is not our status.
      const wrong = await runCompletionProgram(flags.onComplete, run.result);
      if (wrong !== null) new Console(flags).news(`--on-complete ${flags.onComplete}: ${wrong}`);
    }
    return status;
  } finally {
    await http.close();
  }
}
