/** What `unchoke doctor` does: a race of some seconds, and what it shows. */

import { type Diagnosis, diagnose } from '../../doctor/diagnosis.ts';
import { symptomsOf } from '../../doctor/symptoms.ts';
import { EXIT_STATUS } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { reportLines } from '../../report/report-text.ts';
import { formatDuration, parseDuration } from '../../text/units.ts';
import type { Source } from '../../torrent/source.ts';
import type { RaceFlags } from '../commands/options.ts';
import { Console } from '../output/console.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { type Network, withSource } from './with-source.ts';

export interface Flags extends RaceFlags {
  readonly for: string;
}

export function runDoctor(named: string, flags: Flags): Promise<number> {
  return withSource(named, flags, (source, network) => examined(source, flags, network));
}

async function examined(source: Source, flags: Flags, network: Network): Promise<number> {
  const console = new Console(flags);
  const mostMs = parseDuration('--for', flags.for);
  const run = new BareRace({
    source,
    flags,
    network,
    console,
    // A tracker that failed is what it looks for: it does not wait for the next try.
    isOver: (session, ms) =>
      ms >= mostMs ||
      session.race.firstBlockMs !== null ||
      isSettled(session) ||
      (session.race.peers.size === 0 && session.discovery.retrying),
  });
  const interrupted = await run.untilOver();
  const { metadataSearch, trackers } = run;
  const found = diagnose(
    symptomsOf(run.session, flags, { trackers: trackers.states, metadataSearch, download: null }),
  );
  await run.stop();
  const { race } = run.session;
  for (const diagnosis of found) console.event('diagnosis', { ...diagnosis });
  if (race.peers.size > 0) console.result(reportLines(raceReport(race, flags.strategy), null));
  const works = race.firstBlockMs !== null;
  console.event('verdict', { works, firstBlockMs: race.firstBlockMs });
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
