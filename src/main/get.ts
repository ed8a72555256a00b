/** One download from its source to its exit status. */
import type { GetFlags } from './commands/get-flags.ts';
import { routeOf } from './commands/options.ts';
import { runCompletionProgram } from './completion-program.ts';
import { Console } from './console.ts';
import { type GetContext, GetRun } from './get-run.ts';
import { HttpClient } from './http-client.ts';
import { Metrics } from './metrics.ts';
import { openSource } from './torrent/source.ts';
import { parsePort } from './units.ts';

/** Downloads and reports; resolves to the exit status. Rejects with a Failure for the user, or with a bug of ours. */
export async function get(source: string, flags: GetFlags, context: GetContext): Promise<number> {
  const route = routeOf(flags);
  const http = new HttpClient(route);
  const metrics = new Metrics(flags.metrics ?? null);
  try {
    if (flags.metricsPort !== undefined) {
      const port = await metrics.listen(parsePort('--metrics-port', flags.metricsPort));
      new Console(flags).news(`figures at http://127.0.0.1:${port}/metrics`);
    }
    const all = { ...context, metrics };
    const run = new GetRun(await openSource(source, http), flags, all, { route, http });
    const status = await run.run();
    if (status === 0 && flags.onComplete !== undefined) {
      // What a program of the user's makes of it is not our status.
      const wrong = await runCompletionProgram(flags.onComplete, run.result);
      if (wrong !== null) new Console(flags).news(`--on-complete ${flags.onComplete}: ${wrong}`);
    }
    return status;
  } finally {
    metrics.close();
    await http.close();
  }
}
