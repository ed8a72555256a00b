/** What `unchoke race` does: who unchokes first, and what became of everybody else. */

import { EXIT_STATUS, Failure } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { ReportFile } from '../../report/report-file.ts';
import { reportLines } from '../../report/report-text.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import type { PeerSession } from '../../session/peer-session.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import type { RaceCommandFlags, RaceEnd } from '../commands/race.ts';
import { Console } from '../output/console.ts';
import { type RaceSettings, raceSettings } from '../settings-from-flags.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { noPeerText } from './no-peer.ts';
import { type Network, withSource } from './with-source.ts';

export async function runRace(named: string, flags: RaceCommandFlags): Promise<number> {
  const settings = raceSettings(flags);
  return withSource(named, settings.session, (source, network) => raced(source, settings, network));
}

async function raced(source: Source, settings: RaceSettings, network: Network): Promise<number> {
  const console = new Console(settings.console);
  const { firstUnchokeTimeout: timeoutMs, strategy } = settings.torrent;
  const reportFile = settings.report === null ? null : new ReportFile(settings.report);
  const isOver = (session: PeerSession, ms: number): boolean => {
    const tooLate = timeoutMs > 0 && session.race.ttfuMs === null && ms >= timeoutMs;
    return tooLate || hasEnded(settings.until, session);
  };
  const run = new BareRace({ source, settings, network, console, isOver });
  const interrupted = await run.untilOver();
  await run.stop();
  const { race: theRace } = run.session;
  const report = raceReport(theRace, strategy);
  reportFile?.write(theRace, report, {
    ...namesOf(source),
    wantedBytes: 0,
    downloadedBytes: 0,
    oracleMs: null,
  });
  console.event({ type: 'summary', ...report, ...usageFigures() });
  console.result(reportLines(report, null));
  if (interrupted) return EXIT_STATUS.interrupted;
  if (theRace.peers.size === 0)
    throw new Failure('no-peer', noPeerText('race', run.session.discovery.asksTrackers));
  return report.ttfuMs === null ? EXIT_STATUS['no-peer'] : 0;
}

function hasEnded(until: RaceEnd, session: PeerSession): boolean {
  if (until === 'first-unchoke' && session.race.ttfuMs !== null) return true;
  if (until === 'first-block' && session.race.firstBlockMs !== null) return true;
  return isSettled(session);
}
