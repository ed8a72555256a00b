/** Runs `unchoke fleet add`: each source becomes a job of the queue, once. */
import { EXIT_STATUS, Failure } from '../../failure.ts';
import { jobDataOf } from '../../fleet/job-source.ts';
import { openFleet } from '../../fleet/open-fleet.ts';
import { HttpClient } from '../../network/http-client.ts';
import { counted } from '../../text/units.ts';
import { openSource } from '../../torrent/source.ts';
import { expandSources } from '../../torrent/source-list.ts';
import type { FleetAddFlags } from '../commands/fleet.ts';
import { fleetAddSettings } from '../fleet-settings.ts';
import { Console } from '../output/console.ts';
import { shownSource } from './shown-source.ts';

/** Resolves to the exit status: that of the first source that failed. A source that fails does not stop the others. */
export async function runFleetAdd(named: readonly string[], flags: FleetAddFlags): Promise<number> {
  const { address, wanted, wishes, console: options } = fleetAddSettings(flags);
  const sources = expandSources(named);
  const console = new Console(options);
  const queue = await openFleet(address);
  const http = new HttpClient({ proxy: null, localAddress: null });
  let status = 0;
  let added = 0;
  try {
    for (const named of sources) {
      try {
        const source = await openSource(named, http);
        const data = jobDataOf(source, wanted);
        const { id, isNew } = await queue.add(data, wishes);
        added += Number(isNew);
        console.event({ type: 'fleet-added', infoHash: id, name: data.name, isNew });
        console.result(`${isNew ? 'added' : 'already there'}: ${id}  ${data.name}`);
      } catch (error) {
        if (!(error instanceof Failure) || error.code === 'queue') throw error;
        if (sources.length === 1) throw error;
        status ||= EXIT_STATUS[error.code];
        console.event({ type: 'error', code: error.code, message: error.message });
        console.error([`${shownSource(named)}:`, ...error.lines]);
      }
    }
    if (sources.length > 1) console.news(`${added} of ${counted(sources.length, 'source')} added`);
    return status;
  } finally {
    http.close();
    await queue.close();
  }
}
