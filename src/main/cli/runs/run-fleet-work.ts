/** Runs `unchoke fleet work`: one machine of the fleet, until a signal ends it in order. */
import { FLEET_BEAT_MS } from '../../../shared/limits.ts';
import type { FleetQueue } from '../../fleet/fleet-queue.ts';
import { fleetStatus } from '../../fleet/fleet-status.ts';
import { FleetWorker } from '../../fleet/fleet-worker.ts';
import type { JobEnd, JobRun } from '../../fleet/job-run.ts';
import { openFleet, openWorker } from '../../fleet/open-fleet.ts';
import { formatRate, formatSize } from '../../text/units.ts';
import type { FleetWorkFlags } from '../commands/fleet.ts';
import { type FleetWorkSettings, fleetWorkSettings } from '../fleet-settings.ts';
import { Console } from '../output/console.ts';
import { fleetMetrics } from '../output/fleet-table.ts';
import { type Metrics, openMetrics } from '../output/metrics.ts';
import { DrainSignals } from './drain-signals.ts';
import { withSession } from './with-session.ts';

const ENDS: Readonly<Record<JobEnd, string>> = {
  complete: 'complete',
  'handed-over': 'handed over',
  failed: 'failed',
  lost: 'lost',
  same: 'not needed',
};

/** Resolves to 0 when it has ended in order. */
export async function runFleetWork(flags: FleetWorkFlags): Promise<number> {
  const settings = fleetWorkSettings(flags);
  const { address, slots, machine, lockMs, affinityMs, torrent } = settings;
  const console = new Console(settings.console);
  const metrics = await openMetrics(settings, console);
  const watching = metrics === null ? null : await openFleet(address);
  const endMetrics =
    metrics === null || watching === null ? async () => {} : publish(watching, metrics, settings);
  const queue = await openWorker(address, lockMs, (text) => console.news(text));
  try {
    return await withSession(settings, { downloads: true, torrents: slots }, async (session) => {
      const worker = new FleetWorker({
        ...{ queue, session, torrent, machine, slots, affinityMs },
        queueName: address.name,
        onNews: (text) => console.news(text),
        onTaken: (run) => tell(console, run, 'taken', 'taken'),
        onEnded: (run, end) => tell(console, run, end, ENDS[end]),
        onRecord: ({ jobs, downRate, upRate }) =>
          console.progress(
            `${jobs.length} of ${slots} slots in use  ${formatRate(downRate)} down  ${formatRate(upRate)} up`,
            { phase: 'working', step: jobs.length },
          ),
      });
      const signals = new DrainSignals(
        settings.drain,
        (how) => {
          console.news(
            how === 'finish'
              ? 'takes no more jobs and ends when those that run are done; a second signal hands them over'
              : 'hands its jobs over and ends',
          );
          worker.drain(how);
        },
        () => worker.leave(),
      );
      console.news(
        `${machine} works on ${address.name} at ${address.host} with ${slots} slots; SIGTERM or Ctrl-C ends it`,
      );
      try {
        await worker.run();
      } finally {
        signals.release();
      }
      return 0;
    });
  } finally {
    await endMetrics();
    await queue.close();
    await watching?.close();
    metrics?.close();
    console.endProgress();
  }
}

function tell(
  console: Console,
  { id, name, state, sameAs }: JobRun,
  what: 'taken' | JobEnd,
  words: string,
): void {
  const { bytes, totalBytes, failure, machine } = state;
  const error = what === 'failed' ? failure : null;
  console.event({
    ...{ type: 'fleet-job', infoHash: id, name, what, sameAs, bytes, totalBytes },
    code: error?.code ?? null,
    message: error?.message ?? null,
  });
  const of = what === 'complete' ? `, ${formatSize(totalBytes)}` : '';
  const why = error === null ? '' : ` on ${machine}: ${error.message}`;
  const same = sameAs === null ? '' : `, the same torrent as job ${sameAs}`;
  console.news(`${words}: ${id}  ${name}${of}${why}${same}`);
}

/** The figures of the whole fleet, again and again, and once more at the end. A queue that is away leaves the last ones. */
function publish(queue: FleetQueue, metrics: Metrics, { address }: FleetWorkSettings): () => Promise<void> {
  let asking: Promise<void> | null = null;
  const look = async (isLast: boolean): Promise<void> => {
    try {
      metrics.publish(fleetMetrics(await fleetStatus(queue, address)), isLast);
    } catch {
      // The next look may find it back.
    }
    asking = null;
  };
  const timer = setInterval(() => {
    asking ??= look(false);
  }, FLEET_BEAT_MS);
  asking = look(false);
  return async () => {
    clearInterval(timer);
    await asking;
    await look(true);
  };
}
