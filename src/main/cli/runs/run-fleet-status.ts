/** Runs `unchoke fleet status`: once, or with `--watch` until a signal ends it. */
import { setTimeout as after } from 'node:timers/promises';
import { FLEET_WATCH_MS } from '../../../shared/limits.ts';
import { Failure } from '../../failure.ts';
import { fleetStatus } from '../../fleet/fleet-status.ts';
import { openFleet } from '../../fleet/open-fleet.ts';
import type { FleetStatusFlags } from '../commands/fleet.ts';
import { fleetSettings } from '../fleet-settings.ts';
import { Console } from '../output/console.ts';
import { fleetMetrics, fleetTable } from '../output/fleet-table.ts';
import { writeLines } from '../output/terminal.ts';
import { Interrupt } from './interrupt.ts';

export async function runFleetStatus(flags: FleetStatusFlags): Promise<number> {
  const { address, console: options } = fleetSettings(flags);
  const other = flags.watch === true ? '--watch' : options.json ? '--json' : null;
  if (flags.prometheus === true && other !== null)
    throw new Failure('usage', `${other} and --prometheus: choose one`);
  const console = new Console(options);
  const queue = await openFleet(address);
  try {
    if (flags.watch !== true) {
      const status = await fleetStatus(queue, address);
      if (flags.prometheus === true) writeLines('stdout', fleetMetrics(status).trimEnd().split('\n'));
      else {
        console.event({ type: 'fleet', ...status });
        console.result(fleetTable(status));
      }
      return 0;
    }
    const stop = new AbortController();
    const interrupt = new Interrupt(() => stop.abort());
    try {
      while (!stop.signal.aborted) {
        const status = await fleetStatus(queue, address);
        console.event({ type: 'fleet', ...status });
        const lines = fleetTable(status);
        console.progress(lines[1] ?? '', { phase: 'status' }, ({ columns }) =>
          lines.map((line) => line.slice(0, columns - 1)),
        );
        await after(FLEET_WATCH_MS, undefined, { signal: stop.signal }).catch(() => {});
      }
    } finally {
      console.endProgress();
      interrupt.release();
    }
    return 0;
  } finally {
    await queue.close();
  }
}
