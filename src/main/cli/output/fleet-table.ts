/** The state of a fleet for people, in 80 columns, and for Prometheus. */
import type { FailedJob, FleetMachine, FleetStatus } from '../../fleet/fleet-status.ts';
import { columnsOf, cutTo } from '../../text/columns.ts';
import { printable } from '../../text/foreign-text.ts';
import { formatRate, formatTime } from '../../text/units.ts';
import { wrapped } from '../../text/wrapped.ts';
import { percentText } from './live-view.ts';

const COLUMNS = 80;
const MACHINE_COLUMNS = 24;
const NAME_COLUMNS = 46;
const RATE_COLUMNS = 13;

export function fleetTable(status: FleetStatus): string[] {
  const { queue, host, isPaused, waiting, active, delayed, done, failed, machines, failedJobs } = status;
  return [
    `${queue} at ${host}${isPaused ? ', paused: no job begins until unchoke fleet resume' : ''}`,
    `waiting ${waiting}   active ${active}   later ${delayed}   done ${done}   failed ${failed}`,
    '',
    ...(machines.length === 0 ? ['no machine is at work; unchoke fleet work starts one'] : [HEADING]),
    ...machines.flatMap(machineLines),
    ...(failedJobs.length === 0 ? [] : ['', 'failed; unchoke fleet retry --all tries them again:']),
    ...failedJobs.flatMap(failedLines),
    ...(failed > failedJobs.length && failedJobs.length > 0
      ? [`  and ${failed - failedJobs.length} more`]
      : []),
  ];
}

const HEADING = row('machine', 'slots', 'seeds', 'down', 'up', 'version');

function row(
  machine: string,
  slots: string,
  seeds: string,
  down: string,
  up: string,
  version: string,
): string {
  return [
    padded(machine, MACHINE_COLUMNS),
    slots.padStart(6),
    seeds.padStart(6),
    down.padStart(RATE_COLUMNS),
    up.padStart(RATE_COLUMNS),
    `  ${cutTo(version, 10)}`,
  ].join('');
}

function machineLines(machine: FleetMachine): string[] {
  const { name, jobs, slots, seeds, downRate, upRate, version, isSilent, isDraining, ageMs } = machine;
  const first = row(
    name,
    `${jobs.length}/${slots}`,
    String(seeds),
    formatRate(downRate),
    formatRate(upRate),
    version,
  );
  const note = isSilent
    ? [`  silent for ${formatTime(ageMs)}: its jobs go to others`]
    : isDraining
      ? ['  takes no more jobs and ends']
      : [];
  return [
    first,
    ...note,
    ...jobs.map(({ name: job, phase, bytes, totalBytes, rate }) => {
      const share = totalBytes === 0 ? phase : percentText(bytes, totalBytes);
      return `  ${padded(job, NAME_COLUMNS)}${share.padStart(12)}${formatRate(rate).padStart(RATE_COLUMNS)}`;
    }),
  ];
}

function failedLines({ infoHash, name, code, message, why, machine }: FailedJob): string[] {
  const where = machine === null ? '' : ` on ${machine}`;
  const says = `${code ?? 'unknown'}${where}: ${message}${why === null ? '' : `; why: ${why}`}`;
  return [
    cutTo(printable(`  ${infoHash}  ${name}`), COLUMNS),
    ...wrapped(`    ${printable(says)}`, COLUMNS, 4),
  ];
}

function padded(text: string, columns: number): string {
  const cut = cutTo(printable(text), columns - 1);
  return cut + ' '.repeat(Math.max(0, columns - columnsOf(cut)));
}

/** The text format of Prometheus, version 0.0.4. */
export function fleetMetrics(status: FleetStatus): string {
  const states = ['waiting', 'active', 'delayed', 'done', 'failed'] as const;
  const of = (name: string, help: string, value: (machine: FleetMachine) => number): string[] =>
    series(
      name,
      help,
      status.machines.map((machine) => [`machine="${escaped(machine.name)}"`, value(machine)]),
    );
  return `${[
    ...series(
      'jobs',
      'Jobs of the queue by state.',
      states.map((state) => [`state="${state}"`, status[state]]),
    ),
    ...series('paused', '1 while no job may begin.', [['', Number(status.isPaused)]]),
    ...of('machine_up', '1 if the machine has said lately that it lives.', ({ isSilent }) =>
      Number(!isSilent),
    ),
    ...of('machine_slots', 'Jobs that it may download at one time.', ({ slots }) => slots),
    ...of('machine_jobs', 'Jobs that it downloads.', ({ jobs }) => jobs.length),
    ...of('machine_seeds', 'Complete torrents that it gives to peers.', ({ seeds }) => seeds),
    ...of('machine_download_bytes_per_second', 'Bytes that arrive.', ({ downRate }) => downRate),
    ...of('machine_upload_bytes_per_second', 'Bytes that leave.', ({ upRate }) => upRate),
  ].join('\n')}\n`;
}

function series(
  name: string,
  help: string,
  values: readonly (readonly [labels: string, value: number])[],
): string[] {
  if (values.length === 0) return [];
  const full = `unchoke_fleet_${name}`;
  const lines = values.map(([labels, value]) => `${full}${labels === '' ? '' : `{${labels}}`} ${value}`);
  return [`# HELP ${full} ${help}`, `# TYPE ${full} gauge`, ...lines];
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
