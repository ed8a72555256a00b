/** What `unchoke race` does: who unchokes first, and what became of everybody else. */

import { EXIT_STATUS, Failure } from '../../failure.ts';
import { raceReport } from '../../report/race-report.ts';
import { ReportFile } from '../../report/report-file.ts';
import { reportLines } from '../../report/report-text.ts';
import { usageFigures } from '../../report/usage-figures.ts';
import type { PeerSession } from '../../session/peer-session.ts';
import { parseDuration } from '../../text/units.ts';
import { namesOf, type Source } from '../../torrent/source.ts';
import type { RaceFlags } from '../commands/options.ts';
import type { ENDS } from '../commands/race.ts';
import { Console } from '../output/console.ts';
import { BareRace, isSettled } from './bare-race.ts';
import { noPeerText } from './no-peer.ts';
import { type Network, withSource } from './with-source.ts';

export interface Flags extends RaceFlags {
  readonly until: (typeof ENDS)[number];
  readonly firstUnchokeTimeout: string;
}

export function runRace(named: string, flags: Flags): Promise<number> {
  return withSource(named, flags, (source, network) => raced(source, flags, network));
}

async function raced(source: Source, flags: Flags, network: Network): Promise<number> {
  const console = new Console(flags);
  const timeoutMs = parseDuration('--first-unchoke-timeout', flags.firstUnchokeTimeout);
  const reportFile = flags.report === undefined ? null : new ReportFile(flags.report);
  const isOver = (session: PeerSession, ms: number): boolean => {
    const tooLate = timeoutMs > 0 && session.race.ttfuMs === null && ms >= timeoutMs;
    return tooLate || hasEnded(flags.until, session);
  };
  const run = new BareRace({ source, flags, network, console, isOver });
  const interrupted = await run.untilOver();
  await run.stop();
  const { race: theRace } = run.session;
  const report = raceReport(theRace, flags.strategy);
  reportFile?.write(theRace, report, {
    ...namesOf(source),
    wantedBytes: 0,
    downloadedBytes: 0,
    oracleMs: null,
  });
  console.event('summary', { ...report, ...usageFigures() });
  console.result(reportLines(report, null));
  if (interrupted) return EXIT_STATUS.interrupted;
  if (theRace.peers.size === 0)
    throw new Failure('no-peer', noPeerText('race', run.session.discovery.asksTrackers));
  return report.ttfuMs === null ? EXIT_STATUS['no-peer'] : 0;
}

function hasEnded(until: Flags['until'], session: PeerSession): boolean {
  if (until === 'first-unchoke' && session.race.ttfuMs !== null) return true;
  if (until === 'first-block' && session.race.firstBlockMs !== null) return true;
  return isSettled(session);
}
