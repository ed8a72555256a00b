/** The settings of `unchoke fleet …`, from its flags. */
import { hostname } from 'node:os';
import { MAX_PARALLEL_DOWNLOADS, MIN_FLEET_LOCK_MS } from '../../shared/limits.ts';
import { isTrackerUrl, TRACKER_FORM } from '../discovery/tracker-url.ts';
import { BadOption, Failure } from '../failure.ts';
import type { JobData } from '../fleet/fleet-job.ts';
import type { JobWishes } from '../fleet/fleet-queue.ts';
import type { Drain } from '../fleet/fleet-worker.ts';
import { type QueueAddress, queueAddress } from '../fleet/queue-address.ts';
import { typedUrl } from '../text/foreign-text.ts';
import { parseCount, parseDuration } from '../text/units.ts';
import type { FleetAddFlags, FleetWorkFlags, QueueFlags } from './commands/fleet.ts';
import type { ConsoleOptions } from './output/console.ts';
import { consoleOptions, type GetSettings, getSettings } from './settings-from-flags.ts';

export interface FleetSettings {
  readonly address: QueueAddress;
  readonly console: ConsoleOptions;
}

export interface FleetAddSettings extends FleetSettings {
  readonly wanted: Pick<JobData, 'select' | 'trackers'>;
  readonly wishes: JobWishes;
}

export interface FleetWorkSettings extends GetSettings {
  readonly address: QueueAddress;
  readonly machine: string;
  readonly slots: number;
  readonly affinityMs: number;
  readonly drain: Drain;
  readonly lockMs: number;
}

/** BullMQ's largest. */
const MAX_PRIORITY = 2_097_151;
const MAX_ATTEMPTS = 1_000;
const MACHINE = /^[^\s:]{1,100}$/;

export function fleetSettings(flags: QueueFlags): FleetSettings {
  return { address: queueAddress(flags.queue, flags.queueName), console: consoleOptions(flags) };
}

export function fleetAddSettings(flags: FleetAddFlags): FleetAddSettings {
  const { select, tracker } = flags;
  for (const url of tracker)
    if (!isTrackerUrl(url))
      throw new BadOption('--tracker', `${typedUrl(url)}: not the URL of a tracker; ${TRACKER_FORM}`);
  return {
    ...fleetSettings(flags),
    wanted: { select, trackers: tracker },
    wishes: {
      priority: parseCount('--priority', flags.priority, 0, MAX_PRIORITY),
      attempts: parseCount('--attempts', flags.attempts, 1, MAX_ATTEMPTS),
      backoffMs: parseDuration('--backoff', flags.backoff),
    },
  };
}

export function fleetWorkSettings(flags: FleetWorkFlags): FleetWorkSettings {
  const settings = getSettings(flags);
  if (flags.select.length > 0 || settings.dryRun || settings.choose || settings.report !== null)
    throw new Failure(
      'usage',
      '--select, --choose, --dry-run and --report do not work with fleet work; give --select to unchoke fleet add',
    );
  const { saveTorrent, cluster } = settings.torrent;
  if (saveTorrent !== null || cluster !== null || settings.onComplete !== null)
    throw new Failure('usage', '--save-torrent, --cluster and --on-complete do not work with fleet work');
  const machine = flags.machine ?? hostname();
  if (!MACHINE.test(machine))
    throw new BadOption('--machine', `${machine}: not a name without spaces and colons`);
  return {
    ...settings,
    address: queueAddress(flags.queue, flags.queueName),
    machine,
    slots: parseCount('--slots', flags.slots, 1, MAX_PARALLEL_DOWNLOADS),
    affinityMs: parseDuration('--affinity', flags.affinity),
    drain: flags.drain,
    lockMs: parseDuration('--lock-time', flags.lockTime, MIN_FLEET_LOCK_MS),
  };
}
