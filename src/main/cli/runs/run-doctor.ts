/** Runs `unchoke doctor`: races for some seconds and shows the causes it found. */

import { type Diagnosis, diagnose } from '../../doctor/diagnosis.ts';
import { symptomsOf } from '../../doctor/symptoms.ts';
import { EXIT_STATUS } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { reportLines } from '../../report/report-text.ts';
import type { Session } from '../../session/session.ts';
import { formatDuration } from '../../text/units.ts';
import type { Source } from '../../torrent/source.ts';
import type { DoctorFlags } from '../commands/doctor.ts';
import { Console } from '../output/console.ts';
import { type DoctorSettings, doctorSettings } from '../settings-from-flags.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { RACE_ALONE, withSource } from './with-session.ts';

export async function runDoctor(named: string, flags: DoctorFlags): Promise<number> {
  const settings = doctorSettings(flags);
  return withSource(named, settings, RACE_ALONE, (source, session) => examined(source, settings, session));
}

async function examined(source: Source, settings: DoctorSettings, session: Session): Promise<number> {
  const console = new Console(settings.console);
  const run = new BareRace({
    source,
    settings,
    session,
    console,
    // A tracker that failed is a finding: it does not wait for the next try.
    isOver: (swarm, ms) =>
      ms >= settings.lookMs ||
      swarm.race.firstBlockMs !== null ||
      isSettled(swarm) ||
      (swarm.race.peers.size === 0 && swarm.discovery.retrying),
  });
  const interrupted = await run.untilOver();
  const { metadataSearch, trackers } = run;
  const found = diagnose(
    symptomsOf(run.swarm, settings, { trackers: trackers.states, metadataSearch, download: null }),
  );
  await run.stop();
  const { race } = run.swarm;
  for (const diagnosis of found) console.event({ type: 'diagnosis', ...diagnosis });
  if (race.peers.size > 0) console.result(reportLines(raceReport(race, settings.torrent.strategy), null));
  const works = race.firstBlockMs !== null;
  console.event({ type: 'verdict', works, firstBlockMs: race.firstBlockMs });
  console.result(verdictLines(race.firstBlockMs, found));
  if (interrupted) return EXIT_STATUS.interrupted;
  return works ? 0 : EXIT_STATUS['no-peer'];
}

function verdictLines(firstBlockMs: number | null, found: readonly Diagnosis[]): string[] {
  const lines = found.flatMap(({ text, advice }, i) => [`${i + 1}. ${text}`, `   try: ${advice}`]);
  if (firstBlockMs !== null) {
    const but = lines.length === 0 ? '' : ', but:';
    return [`It works: the first block arrived after ${formatDuration(firstBlockMs)}${but}`, ...lines];
  }
  if (lines.length === 0)
    return ['No block arrived in this time, and no cause was found. Try for longer (--for 2m).'];
  return ['No block arrived. Causes:', ...lines];
}
