/** One download from its source to its exit status. */
import type { GetFlags } from './commands/get-flags.ts';
import { runCompletionProgram } from './completion-program.ts';
import { type GetContext, GetRun } from './get-run.ts';
import { openMetrics } from './metrics.ts';
import { withSource } from './network.ts';

/** Downloads and reports; resolves to the exit status. Rejects with a Failure for the user, or with a bug of ours. */
export function get(named: string, flags: GetFlags, context: GetContext): Promise<number> {
  const { console } = context;
  return withSource(named, flags, async (source, network) => {
    const metrics = await openMetrics(flags, console);
    try {
      const run = new GetRun(source, flags, { ...context, metrics, network });
      const status = await run.run();
      if (status === 0 && flags.onComplete !== undefined) {
        // What a program of the user's makes of it is not our status.
        const wrong = await runCompletionProgram(flags.onComplete, run.result);
        if (wrong !== null) console.news(`--on-complete ${flags.onComplete}: ${wrong}`);
      }
      return status;
    } finally {
      metrics?.close();
    }
  });
}
