/** Runs `unchoke doctor`: races for some seconds and shows the causes it found. */

import { type Diagnosis, diagnose } from '../../doctor/diagnosis.ts';
import { symptomsOf } from '../../doctor/symptoms-of.ts';
import { EXIT_STATUS } from '../../failure.ts';
import type { Race } from '../../race/race.ts';
import { raceReport } from '../../report/race-report.ts';
import { reportLines } from '../../report/report-text.ts';
import type { Session } from '../../session/session.ts';
import { formatDuration, formatTime, formatTimeLeft } from '../../text/units.ts';
import type { Source } from '../../torrent/source.ts';
import type { DoctorFlags } from '../commands/doctor.ts';
import { Console } from '../output/console.ts';
import { terminalColumns } from '../output/terminal.ts';
import { type DoctorSettings, doctorSettings } from '../settings-from-flags.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { RACE_ALONE, withSource } from './with-session.ts';

/** The next look may take so many times as long. */
const LONGER = 6;

export async function runDoctor(named: string, flags: DoctorFlags): Promise<number> {
  const settings = doctorSettings(flags);
  return withSource(named, settings, RACE_ALONE, (source, session) => examined(source, settings, session));
}

async function examined(source: Source, settings: DoctorSettings, session: Session): Promise<number> {
  const console = new Console(settings.console);
  const { run, found, interrupted, longer } = await lookAt(source, settings, session, console);
  await run.stop();
  const { race } = run.swarm;
  for (const diagnosis of found) console.event({ type: 'diagnosis', ...diagnosis });
  const works = race.firsts.firstBlockMs !== null;
  console.event({ type: 'verdict', works, firstBlockMs: race.firsts.firstBlockMs });
  // What the user came for is first; the figures behind it follow.
  console.result(verdictLines(race.firsts.firstBlockMs, found, longer));
  if (race.peers.size > 0) {
    const report = raceReport(race, settings.torrent.strategy);
    console.result(['', ...reportLines(report, null, terminalColumns('stdout') ?? undefined)]);
  }
  if (interrupted) return EXIT_STATUS.interrupted;
  return works ? 0 : EXIT_STATUS['no-peer'];
}

interface Look {
  /** Over, but not stopped. */
  readonly run: BareRace;
  readonly found: readonly Diagnosis[];
  readonly interrupted: boolean;
  /** The option for a longer look. */
  readonly longer: string;
}

export async function lookAt(
  source: Source,
  settings: DoctorSettings,
  session: Session,
  console: Console,
): Promise<Look> {
  let begunMs = 0;
  const run = new BareRace({
    source,
    settings,
    session,
    console,
    needsHashes: true,
    countdown: (ms) => countdownText(settings.lookMs, settings.lookMs - (ms - begunMs)),
    // A tracker that failed is a finding: it does not wait for the next try.
    isOver: (swarm, ms) => {
      if (isStarting(swarm.race)) begunMs = ms;
      return (
        ms - begunMs >= settings.lookMs ||
        swarm.race.firsts.firstBlockMs !== null ||
        isSettled(swarm) ||
        (swarm.race.peers.size === 0 && swarm.discovery.retrying)
      );
    },
  });
  const interrupted = await run.untilOver();
  const { trackers, swarm } = run;
  const longer = `--for ${LONGER * Math.max(1, Math.round(settings.lookMs / 1_000))}s`;
  const found = diagnose(
    symptomsOf(swarm, {
      heard: trackers.states,
      metadataSearch: swarm.metadataSearch,
      check: null,
      download: null,
      dataArrives: swarm.race.firsts.firstBlockMs !== null,
      longer,
    }),
  );
  return { run, found, interrupted, longer };
}

/** Addresses wait for a thread that has not said anything yet: on a slow machine that is no fault of the peers. */
function isStarting({ firsts, shardStats }: Race): boolean {
  return firsts.startedAt !== null && shardStats.every((stats) => stats === null);
}

/** `looking for up to 20 s: 13 s left`. */
export function countdownText(lookMs: number, leftMs: number): string {
  return `looking for up to ${formatTime(lookMs)}: ${formatTimeLeft(leftMs)} left`;
}

function verdictLines(firstBlockMs: number | null, found: readonly Diagnosis[], longer: string): string[] {
  const lines = found.flatMap(({ text, advice }, i) => [`${i + 1}. ${text}`, `   ${advice}`]);
  if (firstBlockMs !== null) {
    const but = lines.length === 0 ? '' : ', but:';
    return [`It works: the first block arrived after ${formatDuration(firstBlockMs)}${but}`, ...lines];
  }
  if (lines.length === 0)
    return [`No block arrived in this time, and no cause was found. Wait longer (${longer}).`];
  return [found.length === 1 ? 'No block arrived. The cause:' : 'No block arrived. Causes:', ...lines];
}
