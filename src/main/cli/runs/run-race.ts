/** Runs `unchoke race`: which peer unchokes first, and what happened to the others. */

import { EXIT_STATUS, Failure } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { ReportFile } from '../../report/report-file.ts';
import { reportLines } from '../../report/report-text.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import { noPeerText } from '../../session/no-peer.ts';
import type { Session } from '../../session/session.ts';
import type { TorrentSwarm } from '../../session/torrent-swarm.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import type { RaceCommandFlags, RaceEnd } from '../commands/race.ts';
import { Console } from '../output/console.ts';
import { terminalColumns } from '../output/terminal.ts';
import { type RaceSettings, raceSettings } from '../settings-from-flags.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { RACE_ALONE, withSource } from './with-session.ts';

export async function runRace(named: string, flags: RaceCommandFlags): Promise<number> {
  const settings = raceSettings(flags);
  return withSource(named, settings, RACE_ALONE, (source, session) => raced(source, settings, session));
}

async function raced(source: Source, settings: RaceSettings, session: Session): Promise<number> {
  const console = new Console(settings.console);
  const { firstUnchokeTimeout: timeoutMs, strategy } = settings.torrent;
  const reportFile = settings.report === null ? null : new ReportFile(settings.report);
  const isOver = (swarm: TorrentSwarm, ms: number): boolean => {
    const tooLate = timeoutMs > 0 && swarm.race.firsts.ttfuMs === null && ms >= timeoutMs;
    return tooLate || hasEnded(settings.until, swarm);
  };
  const run = new BareRace({ source, settings, session, console, needsHashes: false, isOver });
  const interrupted = await run.untilOver();
  await run.stop();
  const { race: theRace } = run.swarm;
  const report = raceReport(theRace, strategy);
  reportFile?.write(theRace, report, {
    ...namesOf(source),
    wantedBytes: 0,
    downloadedBytes: 0,
    elapsedMs: 0,
    oracleMs: null,
  });
  console.event({ type: 'summary', ...report, ...usageFigures() });
  console.result(reportLines(report, null, terminalColumns('stdout') ?? undefined));
  if (interrupted) return EXIT_STATUS.interrupted;
  if (theRace.peers.size === 0)
    throw new Failure('no-peer', noPeerText('race', run.swarm.discovery.asksTrackers));
  return report.ttfuMs === null ? EXIT_STATUS['no-peer'] : 0;
}

function hasEnded(until: RaceEnd, swarm: TorrentSwarm): boolean {
  if (until === 'first-unchoke' && swarm.race.firsts.ttfuMs !== null) return true;
  if (until === 'first-block' && swarm.race.firsts.firstBlockMs !== null) return true;
  return isSettled(swarm);
}
